import { CodedError, type ErrorCode } from '#contracts/errors';
import type { HintLocale } from '#contracts/hints';

type Case = 'away' | 'busy' | 'late';

/** What a student can do something about is not said here: it names the field. */
const CASES: Partial<Record<ErrorCode, Case>> = {
  engine_unavailable: 'away',
  service_unavailable: 'away',
  engine_error: 'away',
  upstream_truncated: 'away',
  stream_interrupted: 'away',
  ledger_unavailable: 'away',
  shutting_down: 'away',
  model_not_found: 'away',
  queue_full: 'busy',
  too_many_in_flight: 'busy',
  queue_deadline_exceeded: 'busy',
  first_token_timeout: 'late',
  between_tokens_timeout: 'late',
  request_deadline_exceeded: 'late',
};

const WORDS: Readonly<Record<HintLocale, Readonly<Record<Case, string>>>> = {
  en: {
    away: 'There is no hint right now, because the model does not answer. Try again in a moment, or ask your teacher.',
    busy: 'Too many people ask for hints right now. Try again in a moment.',
    late: 'The model took too long for this hint. Try again in a moment.',
  },
  ko: {
    away: '지금은 모델이 응답하지 않아 힌트를 드릴 수 없습니다. 잠시 후 다시 시도하거나 선생님께 물어보세요.',
    busy: '지금 힌트를 요청하는 사람이 너무 많습니다. 잠시 후 다시 시도해 주세요.',
    late: '모델이 힌트를 만드는 데 너무 오래 걸렸습니다. 잠시 후 다시 시도해 주세요.',
  },
};

/**
 * Why there is no hint, in a sentence for a student; with the reason behind it for an admin, who can do something about it.
 * Code, status and Retry-After stay as they are.
 */
export function inWordsOf(locale: HintLocale, isAdmin: boolean): (error: CodedError) => CodedError {
  return (error) => {
    const known = CASES[error.code];
    if (known === undefined) return error;
    const sentence = WORDS[locale][known];
    return new CodedError(error.code, isAdmin ? `${sentence} (${error.message})` : sentence, {
      param: error.param,
      cause: error,
      ...(error.retryAfterS === undefined ? {} : { retryAfterS: error.retryAfterS }),
    });
  };
}
