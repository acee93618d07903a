import { Sequence, type TokenSink } from '../engine/sequence';
import { engineDead } from '../protocol/api-error';
import { CompletionAnswer, CompletionStream } from '../protocol/completion-reply';
import { readCompletionRequest, type CompletionRequest } from '../protocol/completion-request';
import type { Body } from '../protocol/fields';
import { newId, type ReplyHead } from '../protocol/reply';
import type { Exchange } from './exchange';
import { runGeneration } from './generation';
import type { ServerState } from './server-state';

export function completionRoute(state: ServerState, exchange: Exchange, body: Body): void {
  const request = readCompletionRequest(body, state.options, state.limits);
  const head: ReplyHead = {
    id: `cmpl-${exchange.requestId ?? newId()}`,
    created: Math.floor(Date.now() / 1000),
    model: state.options.servedNames[0],
    fingerprint: state.fingerprint,
    promptTokens: request.prompts.reduce((sum, { ids }) => sum + ids.length, 0),
    cachedTokensShown: state.options.promptTokensDetails,
  };
  if (state.engine.dead) throw engineDead();
  const sequences = (sink: TokenSink): Sequence[] => completionSequences(state, request, sink);
  if (request.sampling.stream) {
    const open = (writer: ConstructorParameters<typeof CompletionStream>[2], onEnd: () => void): TokenSink =>
      new CompletionStream(request, head, writer, onEnd).onToken;
    runGeneration(state, exchange, { kind: 'stream', choices: request.sampling.n, sequences, open });
  } else {
    const open = (onEnd: (body: unknown) => void): TokenSink => new CompletionAnswer(request, head, onEnd).onToken;
    runGeneration(state, exchange, { kind: 'whole', choices: request.sampling.n, sequences, open });
  }
}

function completionSequences(state: ServerState, request: CompletionRequest, sink: TokenSink): Sequence[] {
  const { sampling } = request;
  const now = state.engine.now();
  return request.prompts.flatMap((prompt, promptIndex) => {
    const room = Math.max(1, state.limits.maxModelLen - prompt.ids.length);
    const params = {
      maxTokens: Math.min(sampling.maxTokens ?? Infinity, room),
      minTokens: Math.max(sampling.minTokens, state.config.answerTokens),
      ignoreEos: sampling.ignoreEos,
      stop: sampling.stop,
      includeStop: sampling.includeStop,
    };
    return Array.from({ length: sampling.n }, (_, choice) => {
      const index = promptIndex * sampling.n + choice;
      return new Sequence(index, prompt.ids, params, request.source(prompt, choice), sink, now);
    });
  });
}
