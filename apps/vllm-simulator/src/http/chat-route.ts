import { Sequence, type TokenSink } from '../engine/sequence';
import { engineDead } from '../protocol/api-error';
import { ChatAnswer } from '../protocol/chat-answer';
import { readChatRequest, type ChatRequest } from '../protocol/chat-request';
import { ChatStream } from '../protocol/chat-stream';
import type { Body } from '../protocol/fields';
import { newId, type ReplyHead } from '../protocol/reply';
import { runGeneration } from './generation';
import type { Exchange } from './exchange';
import type { ServerState } from './server-state';

export function chatRoute(state: ServerState, exchange: Exchange, body: Body): void {
  const request = readChatRequest(body, state.options, state.limits);
  const head: ReplyHead = {
    id: `chatcmpl-${exchange.requestId ?? newId()}`,
    created: Math.floor(Date.now() / 1000),
    model: state.options.servedNames[0],
    fingerprint: state.fingerprint,
    promptTokens: request.promptIds.length,
    cachedTokensShown: state.options.promptTokensDetails,
  };
  if (state.engine.dead) throw engineDead();
  if (request.sampling.stream) {
    runGeneration(state, exchange, {
      kind: 'stream',
      choices: request.sampling.n,
      sequences: (sink) => chatSequences(state, request, sink),
      open: (writer, onEnd) => new ChatStream(request, head, writer, onEnd).onToken,
    });
  } else {
    runGeneration(state, exchange, {
      kind: 'whole',
      choices: request.sampling.n,
      sequences: (sink) => chatSequences(state, request, sink),
      open: (onEnd) => new ChatAnswer(request, head, onEnd).onToken,
    });
  }
}

/** One sequence for each choice. Throws an ApiError for a grammar that cannot be compiled. */
export function chatSequences(state: ServerState, request: ChatRequest, sink: TokenSink): Sequence[] {
  const { sampling, promptIds } = request;
  const room = Math.max(1, state.limits.maxModelLen - promptIds.length);
  const params = {
    maxTokens: Math.min(sampling.maxTokens ?? Infinity, room),
    minTokens: Math.max(sampling.minTokens, state.config.answerTokens),
    ignoreEos: sampling.ignoreEos,
    stop: sampling.stop,
    includeStop: sampling.includeStop,
  };
  const now = state.engine.now();
  return Array.from(
    { length: sampling.n },
    (_, index) => new Sequence(index, promptIds, params, request.source(index), sink, now),
  );
}
