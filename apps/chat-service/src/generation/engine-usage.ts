/** What an engine counted for one request (OpenAI's `usage` object, with the details that vLLM sends). */
export interface EngineUsage {
  inputTokens: number;
  cachedTokens: number;
  outputTokens: number;
  reasoningTokens: number;
}

/** Reads the usage of an SSE event's data or of a whole answer; null when there is none. */
export function parseUsage(json: string): EngineUsage | null {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
  return isRecord(value) ? toUsage(value['usage']) : null;
}

const USAGE_KEY = Buffer.from('"usage":{');
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

/**
 * Finds the usage object at the end of an answer without parsing the whole body, which may be megabytes of logprobs.
 * vLLM's usage holds numbers, nulls and objects only, so braces can be counted.
 */
export function findUsage(body: Buffer): EngineUsage | null {
  const at = body.lastIndexOf(USAGE_KEY);
  if (at === -1) return parseUsage(body.toString('utf8'));
  const start = at + USAGE_KEY.length - 1;
  for (let i = start, depth = 0; i < body.length; i++) {
    if (body[i] === OPEN_BRACE) depth += 1;
    else if (body[i] === CLOSE_BRACE && --depth === 0)
      return parseUsage(`{"usage":${body.toString('utf8', start, i + 1)}}`);
  }
  return null;
}

/** Null also for what is no count: another server may say anything, and a row of the ledger that cannot be written would never end. */
function toUsage(value: unknown): EngineUsage | null {
  if (!isRecord(value)) return null;
  const inputTokens = countIn(value, 'prompt_tokens');
  const outputTokens = value['completion_tokens'] == null ? 0 : countIn(value, 'completion_tokens');
  if (inputTokens === null || outputTokens === null) return null;
  return {
    inputTokens,
    cachedTokens: countIn(value['prompt_tokens_details'], 'cached_tokens') ?? 0,
    outputTokens,
    reasoningTokens: countIn(value['completion_tokens_details'], 'reasoning_tokens') ?? 0,
  };
}

/** Postgres' integer, as the ledger has it. */
const MOST_TOKENS = 2_147_483_647;

function countIn(value: unknown, name: string): number | null {
  const count = isRecord(value) ? value[name] : undefined;
  return Number.isInteger(count) && Number(count) >= 0 && Number(count) <= MOST_TOKENS ? Number(count) : null;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
