import { engineDead } from '../protocol/api-error';
import { AnthropicAnswer, AnthropicStream, converterError } from '../protocol/anthropic-reply';
import { anthropicError, inAnthropicsWords, readAnthropicRequest } from '../protocol/anthropic-request';
import type { Body } from '../protocol/fields';
import { newId, type ReplyHead } from '../protocol/reply';
import { chatSequences } from './chat-route';
import type { Exchange } from './exchange';
import { runGeneration, type ErrorDialect } from './generation';
import type { ServerState } from './server-state';

const ANTHROPIC_ERRORS: ErrorDialect = {
  body: anthropicError,
  endStream: (writer, error) => {
    writer.event('error', converterError(error));
    writer.end();
  },
};

/** Anthropic's messages: in vLLM a chat request in other clothes. */
export function messagesRoute(state: ServerState, exchange: Exchange, body: Body): void {
  const request = readAnthropicRequest(body, true, state.options, state.limits);
  const head: ReplyHead = {
    id: `chatcmpl-${exchange.requestId ?? newId()}`,
    created: Math.floor(Date.now() / 1000),
    model: state.options.servedNames[0],
    fingerprint: state.fingerprint,
    promptTokens: request.promptIds.length,
    cachedTokensShown: state.options.promptTokensDetails,
  };
  inAnthropicsWords(() => {
    if (state.engine.dead) throw engineDead();
    const common = { choices: 1, errors: ANTHROPIC_ERRORS } as const;
    if (request.sampling.stream) {
      runGeneration(state, exchange, {
        ...common,
        kind: 'stream',
        sequences: (sink) => chatSequences(state, request, sink),
        open: (writer, onEnd) => new AnthropicStream(request, head, writer, onEnd).onToken,
      });
    } else {
      runGeneration(state, exchange, {
        ...common,
        kind: 'whole',
        sequences: (sink) => chatSequences(state, request, sink),
        open: (onEnd) => new AnthropicAnswer(request, head, onEnd).onToken,
      });
    }
  });
}

export function countTokensRoute(state: ServerState, exchange: Exchange, body: Body): void {
  const { promptIds } = readAnthropicRequest(body, false, state.options, state.limits);
  const tokens = promptIds.length;
  exchange.json(200, { input_tokens: tokens, context_management: { original_input_tokens: tokens } });
}
