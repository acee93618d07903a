import { Injectable } from '@nestjs/common';
import { Logger } from 'nestjs-pino';
import type { Route } from '../engines/engine-router';
import { countByEngine } from '../engines/tokenize';
import type { CountTokens, EngineMessage } from './fit-context';

/** Fields of a request that change what its prompt is. */
export interface PromptOptions {
  tools?: unknown;
  chat_template_kwargs?: unknown;
}

/** Counts the prompts of native chat. */
@Injectable()
export class TokenCounter {
  constructor(private readonly logger: Logger) {}

  /** Counts for the model of this route. An engine that has no /tokenize, or fails at it, cannot tell: null. */
  of({ pool, model }: Route, options: PromptOptions): CountTokens {
    return async (messages: readonly EngineMessage[]) => {
      const request = { model: model.servedName, messages, add_generation_prompt: true, ...options };
      try {
        return await countByEngine(pool, request);
      } catch (error) {
        this.logger.warn({ msg: 'the engine does not count tokens; nothing is trimmed', err: error });
      }
      return null;
    };
  }
}
