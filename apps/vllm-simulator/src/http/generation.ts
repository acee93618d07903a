import type { EngineRequest } from '../engine/engine';
import type { Sequence, TokenSink } from '../engine/sequence';
import { ApiError, engineDead } from '../protocol/api-error';
import { pyJson } from '../protocol/python';
import { EventWriter } from './event-writer';
import type { Exchange } from './exchange';
import type { ServerState } from './server-state';

/** How an API tells of a failure that came after the request was accepted. */
export interface ErrorDialect {
  /** The body of an answer in one piece. */
  body(error: ApiError): unknown;
  /** The end of a stream whose 200 has gone out. */
  endStream(writer: EventWriter, error: ApiError): void;
}

export const OPENAI_ERRORS: ErrorDialect = {
  body: (error) => error.body,
  endStream: (writer, error) => {
    writer.data(pyJson({ error: error.body['error'] }));
    writer.done();
  },
};

interface StreamGeneration {
  readonly kind: 'stream';
  /** OpenAI's unless another is given. */
  readonly errors?: ErrorDialect;
  readonly choices: number;
  sequences(sink: TokenSink): readonly Sequence[];
  open(writer: EventWriter, onEnd: () => void): TokenSink;
}

interface WholeGeneration {
  readonly kind: 'whole';
  readonly errors?: ErrorDialect;
  readonly choices: number;
  sequences(sink: TokenSink): readonly Sequence[];
  open(onEnd: (body: unknown) => void): TokenSink;
}

export type Generation = StreamGeneration | WholeGeneration;

/** Gives the request to the engine and its tokens to the client, until one of the two ends it. */
export function runGeneration(state: ServerState, exchange: Exchange, generation: Generation): void {
  if (generation.kind === 'stream') runStream(state, exchange, generation);
  else runWhole(state, exchange, generation);
}

function runStream(state: ServerState, exchange: Exchange, generation: StreamGeneration): void {
  exchange.startEventStream();
  const writer = new EventWriter(exchange.res);
  const { errors = OPENAI_ERRORS } = generation;
  let request: EngineRequest | null = null;
  const end = (): void => {
    if (request !== null) state.engine.done(request);
  };
  const limit = state.config.faults.truncateAfterTokens;
  const deliver = generation.open(writer, end);
  const sink: TokenSink = (sequence, token, text) => {
    deliver(sequence, token, text);
    if (limit !== null && sequence.generated >= limit && request !== null) {
      writer.cut();
      state.engine.abandon(request);
    }
  };
  try {
    request = {
      choices: generation.choices,
      sequences: generation.sequences(sink),
      engineDied: () => {
        errors.endStream(writer, engineDead());
      },
    };
  } catch (error) {
    // The 200 has gone out: a grammar that cannot be compiled is an event, not a status.
    if (!(error instanceof ApiError)) throw error;
    errors.endStream(writer, error);
    return;
  }
  submit(state, exchange, request);
}

function runWhole(state: ServerState, exchange: Exchange, generation: WholeGeneration): void {
  const { errors = OPENAI_ERRORS } = generation;
  let request: EngineRequest | null = null;
  const sink = generation.open((body) => {
    if (request !== null) state.engine.done(request);
    exchange.json(200, body);
  });
  request = {
    choices: generation.choices,
    sequences: generation.sequences(sink),
    engineDied: () => {
      const error = engineDead();
      exchange.json(error.status, errors.body(error));
    },
  };
  submit(state, exchange, request);
}

/** A client that closes, resets or half-closes its connection gives its place up at once. */
function submit(state: ServerState, exchange: Exchange, request: EngineRequest): void {
  const leave = (): void => {
    state.engine.abandon(request);
  };
  const { req, res } = exchange;
  res.once('close', leave);
  req.socket.once('end', leave);
  res.once('close', () => req.socket.off('end', leave));
  if (res.destroyed || req.socket.readableEnded) return;
  state.engine.submit(request);
}
