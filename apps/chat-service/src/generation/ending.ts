import { CodedError, type ErrorCode } from '#contracts/errors';
import type { CancelStream } from '#contracts/generate';
import type { Outcome, RequestEnding, TokenCounts } from '#contracts/usage';
import type { AnswerEnd } from '#contracts/witnessed-ends';
import type { EngineUsage } from './engine-usage';

/** Why a generation is over. */
export type Ending =
  { kind: 'completed' } | { kind: 'cancelled'; reason: CancelStream['reason'] } | { kind: 'failed'; error: CodedError };

const CANCEL_OUTCOMES: Record<CancelStream['reason'], { outcome: Outcome; errorCode: ErrorCode }> = {
  client_gone: { outcome: 'client_cancelled', errorCode: 'request_cancelled' },
  cancelled: { outcome: 'client_cancelled', errorCode: 'request_cancelled' },
  slow_reader: { outcome: 'client_cancelled', errorCode: 'slow_reader' },
  access_revoked: { outcome: 'interrupted', errorCode: 'access_revoked' },
  gateway_failed: { outcome: 'interrupted', errorCode: 'stream_interrupted' },
};

const FAILURE_OUTCOMES: Partial<Record<ErrorCode, Outcome>> = {
  first_token_timeout: 'deadline',
  between_tokens_timeout: 'deadline',
  request_deadline_exceeded: 'deadline',
  upstream_truncated: 'upstream_truncated',
  stream_interrupted: 'interrupted',
  shutting_down: 'interrupted',
  ledger_unavailable: 'rejected',
  rate_limit_exceeded: 'rejected',
  insufficient_quota: 'rejected',
  queue_full: 'rejected',
  queue_deadline_exceeded: 'deadline',
};

/** The ledger's words for an ending. `began`: the client had already been answered 200. */
export function outcomeOf(
  ending: Ending,
  began: boolean,
): { outcome: Outcome; statusCode: number; errorCode: ErrorCode | null } {
  switch (ending.kind) {
    case 'completed':
      return { outcome: 'completed', statusCode: 200, errorCode: null };
    case 'cancelled':
      return { ...CANCEL_OUTCOMES[ending.reason], statusCode: 499 };
    case 'failed':
      return {
        outcome: FAILURE_OUTCOMES[ending.error.code] ?? 'error',
        statusCode: began ? 200 : ending.error.status,
        errorCode: ending.error.code,
      };
  }
}

/** What the client is told. */
export function errorOf(ending: Exclude<Ending, { kind: 'completed' }>): CodedError {
  if (ending.kind === 'failed') return ending.error;
  return ending.reason === 'gateway_failed'
    ? new CodedError('stream_interrupted', 'The connection between the services broke while the answer was streamed.')
    : new CodedError('request_cancelled', 'The request was cancelled.');
}

/** English text is about four bytes a token with the tokenizers in use; Korean about three. An estimate, and marked so. */
const BYTES_PER_TOKEN = 4;

/**
 * The engine's own counts where it sent them. Else the tokens that were seen on the wire, with the prompt's size
 * guessed from its bytes; a request that the engine refused or never saw has used nothing.
 */
export function countTokens(usage: EngineUsage | null, tokenEvents: number, bodyBytes: number): TokenCounts {
  if (usage !== null) return { ...usage, countMethod: 'exact' };
  const used = tokenEvents > 0;
  return {
    inputTokens: used ? Math.ceil(bodyBytes / BYTES_PER_TOKEN) : 0,
    cachedTokens: 0,
    outputTokens: tokenEvents,
    reasoningTokens: 0,
    countMethod: used ? 'estimated' : 'counted',
  };
}

/** For the gateway to keep: it still knows when this process was killed before the ledger did. */
export function answerEnd(ended: RequestEnding): AnswerEnd {
  const { statusCode: _status, outcome: _outcome, errorCode: _code, ...end } = ended;
  return end;
}
