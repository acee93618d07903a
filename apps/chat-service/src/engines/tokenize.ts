import { z } from 'zod';
import type { EnginePool } from './http/engine-pool';
import { postJson } from './http/json-call';

/** An engine that is busy with a long prefill still answers this within milliseconds. */
const LIMIT_MS = 5_000;
/** The answer lists every token: about seven bytes each, for contexts of a million. */
const MAX_BYTES = 16 * 1024 * 1024;

const answerSchema = z.object({ count: z.int().min(0) });
/** vLLM does not even count a text of far more characters than tokens fit (vllm/renderers/params.py). */
const TOO_LONG = /maximum context length|max_model_len/;

/**
 * The engine's own count of a prompt (`POST /tokenize`), its chat template included where `request` holds messages.
 * @returns Infinity for one that is far too long for the engine's context.
 * @throws Error when the engine has no /tokenize, fails at it, or cannot be reached.
 */
export async function countByEngine(pool: EnginePool, request: Record<string, unknown>): Promise<number> {
  const { status, body } = await postJson(pool, '/tokenize', request, { limitMs: LIMIT_MS, maxBytes: MAX_BYTES });
  const parsed = answerSchema.safeParse(body);
  if (status === 200 && parsed.success) return parsed.data.count;
  if (status === 400 && TOO_LONG.test(JSON.stringify(body))) return Infinity;
  throw new Error(`/tokenize answered ${status}`);
}
