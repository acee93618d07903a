import { retryOf, type FailureCause } from './failures';

/** First wait after a failure, and the longest: half a second is not seen by most users, a minute does not tire a hub. */
const FIRST_RETRY_MS = 500;
const LAST_RETRY_MS = 60_000;
/** Milliseconds until the next try; null when there is none. */
export function retryDelayMs(cause: FailureCause, failures: number): number | null {
  switch (retryOf(cause)) {
    case 'never':
      return null;
    case 'later':
      return LAST_RETRY_MS;
    case 'soon':
      return Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(failures - 1, 10));
  }
}

export function retryAtOf(cause: FailureCause, failures: number, at: number): number | null {
  const delay = retryDelayMs(cause, failures);
  return delay === null ? null : at + delay;
}
