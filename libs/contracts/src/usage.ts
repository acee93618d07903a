/** The life of an admitted request, as the ledger hears it. JetStream; chat-service publishes, usage-service consumes. */

export const UsageSubjects = {
  events: 'usage.v1.events',
  /** Messages that could not be taken after the maximum of deliveries. */
  deadLetter: 'usage.v1.dead',
  /** Request/reply: puts the dead letters back into the stream of events, once what they failed at is mended. */
  replayDeadLetters: 'usage.v1.replay-dead-letters',
} as const;

export interface DeadLettersReplayed {
  replayed: number;
}

export const USAGE_STREAM = 'USAGE';
export const USAGE_CONSUMER = 'ledger';
/** Keeps dead letters apart, so that they never take the room of live events. */
export const USAGE_DEAD_STREAM = 'USAGE_DEAD';
/** Header of a dead letter: why it could not be taken. */
export const DEAD_LETTER_REASON = 'Tandem-Reason';

/** Where a request came in; one that streams at a path of its own counts as its plain one. The last is nobody's: Tandem measures. */
export const ENDPOINTS = [
  '/v1/chat/completions',
  '/v1/completions',
  '/api/chat',
  '/api/v1/code/generate',
  '/api/v1/hints',
  'system/benchmark',
] as const;
export type Endpoint = (typeof ENDPOINTS)[number];

/** How a request ended. */
export const OUTCOMES = [
  'completed',
  'client_cancelled',
  'deadline',
  'upstream_truncated',
  'interrupted',
  'rejected',
  'error',
] as const;
export type Outcome = (typeof OUTCOMES)[number];

/**
 * `exact`: the engine's own usage. `counted`: tokens seen on the wire. `estimated`: nothing better was to be had. `cached`: the
 * answer had been given before, and no engine did anything.
 */
export type CountMethod = 'exact' | 'counted' | 'estimated' | 'cached';

/** What is known when a request is admitted. */
export interface RequestFacts {
  requestId: string;
  /** Epoch milliseconds at the gateway. */
  createdAt: number;
  userId: string;
  userEmail: string;
  keyId: string | null;
  endpoint: Endpoint;
  model: string;
  profile: string | null;
  /** The engine's context length in tokens; null when the engine does not tell. */
  ctxLen: number | null;
  stream: boolean;
  /** Answers to each prompt (`n`): the engine's counters have the prompt once for each. */
  choices: number;
  /** From an engine's start to its end, in which its counters only grow; null when the engine does not tell. */
  engineLife: string | null;
  /** Life of the engine that failed at it before this one, of whose answer nothing had come: it may have counted the prompt. */
  triedEngineLife?: string | undefined;
}

export interface TokenCounts {
  inputTokens: number;
  cachedTokens: number;
  outputTokens: number;
  reasoningTokens: number;
  countMethod: CountMethod;
}

/** Milliseconds of a request, so far or in all. */
export interface RequestTimes {
  /** It waited for admission. */
  queueMs: number;
  /** From the gateway to the first token; null when there was none. */
  ttftMs: number | null;
  latencyMs: number;
}

export interface RequestEnding extends TokenCounts, RequestTimes {
  /** What the client saw, or would have seen had it stayed (499 when it left). */
  statusCode: number;
  outcome: Outcome;
  errorCode: string | null;
}

/** Every event carries all facts, so that a row can be made from any one of them, in any order of arrival. */
export type UsageEvent =
  | ({ kind: 'started'; owner: string } & RequestFacts)
  | ({ kind: 'checkpoint'; owner: string } & RequestFacts & TokenCounts & RequestTimes)
  | ({ kind: 'finished'; owner: string } & RequestFacts & RequestEnding);

/** Events of one turn of the event loop travel as one message: an fsync each would cost more than the request. */
export interface UsageBatch {
  events: UsageEvent[];
}
