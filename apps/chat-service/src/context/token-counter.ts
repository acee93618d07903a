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
    return (messages: readonly EngineMessage[]) => this.ask({ pool, model }, { messages, ...options });
  }

  /** Counts a request that was put together here, a chat or a bare prompt, as `of` does. */
  ofRequest(route: Route, request: Readonly<Record<string, unknown>>): Promise<number | null> {
    const { messages, prompt, chat_template_kwargs } = request;
    return this.ask(route, messages === undefined ? { prompt } : { messages, chat_template_kwargs });
  }

  private async ask({ pool, model }: Route, request: Record<string, unknown>): Promise<number | null> {
    const chat = request['messages'] === undefined ? {} : { add_generation_prompt: true };
    try {
      return await countByEngine(pool, { model: model.servedName, ...chat, ...request });
    } catch (error) {
      this.logger.warn({ msg: 'the engine does not count tokens; nothing is trimmed', err: error });
    }
    return null;
  }
}
