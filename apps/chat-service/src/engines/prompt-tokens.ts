import type { EnginePool } from './http/engine-pool';
import { countByEngine } from './tokenize';

/** As generation/ending.ts: English text is about four bytes a token. */
const BYTES_PER_TOKEN = 4;

/** The parts of a checked request that make its prompt. */
interface PromptParts {
  messages?: unknown[];
  tools?: unknown;
  chat_template_kwargs?: unknown;
  prompt?: string | number[] | (string | number[])[];
}

/**
 * Tokens of a request's prompt, or of all its prompts, as the engine itself counts them.
 * @param body the engine's request, as JSON.
 * @throws when the engine does not count it.
 */
export async function countPromptTokens(pool: EnginePool, model: string, body: Uint8Array): Promise<number> {
  const parts = JSON.parse(Buffer.from(body).toString('utf8')) as PromptParts;
  if (parts.messages !== undefined) {
    const { messages, tools, chat_template_kwargs } = parts;
    return ask(pool, { model, messages, tools, chat_template_kwargs, add_generation_prompt: true });
  }
  const counts = await Promise.all(promptsOf(parts).map((prompt) => countOf(prompt, pool, model)));
  return counts.reduce((sum, count) => sum + count, 0);
}

async function countOf(prompt: string | number[], pool: EnginePool, model: string): Promise<number> {
  return typeof prompt === 'string' ? ask(pool, { model, prompt }) : prompt.length;
}

export function estimatePromptTokens(body: Uint8Array): number {
  return Math.ceil(body.length / BYTES_PER_TOKEN);
}

/** A text, token ids, or a list of either. */
function promptsOf({ prompt = [] }: PromptParts): (string | number[])[] {
  if (typeof prompt === 'string') return [prompt];
  return prompt.every((one) => typeof one === 'number') ? [prompt] : prompt;
}

async function ask(pool: EnginePool, request: Record<string, unknown>): Promise<number> {
  const count = await countByEngine(pool, request);
  if (!Number.isFinite(count)) throw new Error('the prompt is far longer than the context of the engine');
  return count;
}
