import { Injectable } from '@nestjs/common';
import { Logger } from 'nestjs-pino';
import { z } from 'zod';
import type { Route } from '../engines/engine-router';
import { postJson } from '../engines/http/json-call';
import type { CountTokens, EngineMessage } from './fit-context';

/** An engine that is busy with a long prefill still answers this within milliseconds. */
const LIMIT_MS = 5_000;
/** The answer lists every token: about seven bytes each, for contexts of a million. */
const MAX_BYTES = 16 * 1024 * 1024;

const answerSchema = z.object({ count: z.int().min(0), max_model_len: z.int().min(1).optional() });
/** vLLM does not even count a text of far more characters than tokens fit (vllm/renderers/params.py). */
const TOO_LONG = /maximum context length|max_model_len/;

/** Fields of a request that change what its prompt is. */
export interface PromptOptions {
  tools?: unknown;
  chat_template_kwargs?: unknown;
}

/** The engine's own count of a prompt, its chat template included (`POST /tokenize`). */
@Injectable()
export class TokenCounter {
  constructor(private readonly logger: Logger) {}

  /** Counts for the model of this route. An engine that has no /tokenize, or fails at it, cannot tell: null. */
  of({ pool, model }: Route, options: PromptOptions): CountTokens {
    return async (messages: readonly EngineMessage[]) => {
      const request = { model: model.servedName, messages, add_generation_prompt: true, ...options };
      try {
        const { status, body } = await postJson(pool, '/tokenize', request, { limitMs: LIMIT_MS, maxBytes: MAX_BYTES });
        const parsed = answerSchema.safeParse(body);
        if (status === 200 && parsed.success) return parsed.data.count;
        if (status === 400 && TOO_LONG.test(JSON.stringify(body))) return Infinity;
        this.logger.warn({ msg: 'the engine does not count tokens; nothing is trimmed', status });
      } catch (error) {
        this.logger.warn({ msg: 'the engine does not count tokens; nothing is trimmed', err: error });
      }
      return null;
    };
  }
}
