import { z } from 'zod';

const COUNT_LIMIT_MS = 5_000;
/** As generation/ending.ts: English text is about four bytes a token. */
const BYTES_PER_TOKEN = 4;

const countedSchema = z.object({ count: z.int().min(0) });

/** The parts of a checked request that make its prompt. */
interface PromptParts {
  messages?: unknown[];
  tools?: unknown;
  chat_template_kwargs?: unknown;
  prompt?: string | number[] | (string | number[])[];
}

/**
 * Tokens of a request's prompt, or of all its prompts, as the engine itself counts them (`/tokenize`, with the chat
 * template).
 * @param body the engine's request, as JSON.
 * @throws when the engine does not count it.
 */
export async function countPromptTokens(url: string, model: string, body: Uint8Array): Promise<number> {
  const parts = JSON.parse(Buffer.from(body).toString('utf8')) as PromptParts;
  if (parts.messages !== undefined) {
    const { messages, tools, chat_template_kwargs } = parts;
    return ask(url, { model, messages, tools, chat_template_kwargs, add_generation_prompt: true });
  }
  const counts = await Promise.all(promptsOf(parts).map((prompt) => countOf(prompt, url, model)));
  return counts.reduce((sum, count) => sum + count, 0);
}

async function countOf(prompt: string | number[], url: string, model: string): Promise<number> {
  return typeof prompt === 'string' ? ask(url, { model, prompt }) : prompt.length;
}

export function estimatePromptTokens(body: Uint8Array): number {
  return Math.ceil(body.length / BYTES_PER_TOKEN);
}

/** A text, token ids, or a list of either. */
function promptsOf({ prompt = [] }: PromptParts): (string | number[])[] {
  if (typeof prompt === 'string') return [prompt];
  return prompt.every((one) => typeof one === 'number') ? [prompt] : prompt;
}

async function ask(url: string, body: Record<string, unknown>): Promise<number> {
  const response = await fetch(`${url.replace(/\/+$/, '').replace(/\/v1$/, '')}/tokenize`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(COUNT_LIMIT_MS),
    redirect: 'error',
  });
  if (!response.ok) throw new Error(`/tokenize answered ${response.status}`);
  return countedSchema.parse(await response.json()).count;
}
