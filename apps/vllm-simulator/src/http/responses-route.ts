import { engineDead } from '../protocol/api-error';
import type { Body } from '../protocol/fields';
import { newId, type ReplyHead } from '../protocol/reply';
import { ResponsesAnswer, ResponsesStream } from '../protocol/responses-reply';
import { readResponsesRequest, responseNotFound } from '../protocol/responses-request';
import { chatSequences } from './chat-route';
import type { Exchange } from './exchange';
import { OPENAI_ERRORS, runGeneration, type ErrorDialect } from './generation';
import type { ServerState } from './server-state';

/** A stream of responses has no event for an error that vLLM did not foresee: the connection ends. */
const RESPONSES_ERRORS: ErrorDialect = {
  body: (error) => OPENAI_ERRORS.body(error),
  endStream: (writer) => {
    writer.cut();
  },
};

/** OpenAI's responses. Nothing is stored, as in a vLLM without VLLM_ENABLE_RESPONSES_API_STORE. */
export function responsesRoute(state: ServerState, exchange: Exchange, body: Body): void {
  const request = readResponsesRequest(body, state.options, state.limits);
  const { chat } = request;
  const head: ReplyHead = {
    id: request.id ?? `resp_${newId()}`,
    created: Math.floor(Date.now() / 1000),
    model: state.options.servedNames[0],
    fingerprint: state.fingerprint,
    promptTokens: chat.promptIds.length,
    cachedTokensShown: true,
  };
  if (state.engine.dead) throw engineDead();
  const common = { choices: 1, errors: RESPONSES_ERRORS } as const;
  if (chat.sampling.stream) {
    runGeneration(state, exchange, {
      ...common,
      kind: 'stream',
      sequences: (sink) => chatSequences(state, chat, sink),
      open: (writer, onEnd) => new ResponsesStream(request, head, writer, onEnd).onToken,
    });
  } else {
    runGeneration(state, exchange, {
      ...common,
      kind: 'whole',
      sequences: (sink) => chatSequences(state, chat, sink),
      open: (onEnd) => new ResponsesAnswer(request, head, onEnd).onToken,
    });
  }
}

/** As Python's unquote: what is no escape stays, what is no UTF-8 becomes U+FFFD. */
const unquoted = (text: string): string =>
  text.replace(/(?:%[0-9a-f]{2})+/gi, (escapes) => Buffer.from(escapes.replaceAll('%', ''), 'hex').toString());

/** GET /v1/responses/{id} and its cancel: there is none. */
export function unknownResponseRoute(_: ServerState, exchange: Exchange): void {
  const id = (exchange.req.url ?? '').split('?')[0]?.split('/')[3] ?? '';
  throw responseNotFound(unquoted(id));
}
