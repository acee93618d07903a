import { z } from 'zod';
import { EngineFailed } from './engine';

/** A first request may compile kernels: 12.8 s were seen on a CPU, with a cold cache it is more. */
const LIMIT_MS = 120_000;

const answerSchema = z.object({
  usage: z.object({ prompt_tokens: z.number(), completion_tokens: z.number() }),
});

/** What it cost. */
export interface WarmUpTokens {
  promptTokens: number;
  generationTokens: number;
}

/**
 * One short chat, as a user would send it: it shows a missing chat template before somebody meets it.
 * @throws EngineFailed
 */
export async function warmUp(url: string, model: string): Promise<WarmUpTokens> {
  const response = await fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model, messages: [{ role: 'user', content: 'Hello' }], max_tokens: 2 }),
    signal: AbortSignal.timeout(LIMIT_MS),
    redirect: 'error',
  }).catch((error: unknown) => {
    throw new EngineFailed({ cause: 'warm_up_failed', detail: `The first request failed (${String(error)})` });
  });
  const text = await response.text();
  if (!response.ok) throw refused(response.status, text);
  const parsed = answerSchema.safeParse(json(text));
  if (!parsed.success) throw refused(response.status, text);
  const { prompt_tokens: promptTokens, completion_tokens: generationTokens } = parsed.data.usage;
  return { promptTokens, generationTokens };
}

function refused(status: number, text: string): EngineFailed {
  const detail = `The first request was answered ${status}: ${text.slice(0, 300)}`;
  // vLLM: "As of transformers v4.44, default chat template is no longer allowed".
  return new EngineFailed({ cause: /chat template/i.test(text) ? 'no_chat_template' : 'warm_up_failed', detail });
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null; // no answer of vLLM's
  }
}
