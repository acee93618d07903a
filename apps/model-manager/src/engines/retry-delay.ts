import { retryOf, type FailureCause } from './failures';

/** First wait after a failure, and the longest: half a second is not seen by most users, a minute does not tire a hub. */
const FIRST_RETRY_MS = 500;
const LAST_RETRY_MS = 60_000;
/**
 * An engine that failed so often, without two minutes of service in between, fails for a reason that no further start
 * mends: each would only hold the GPUs and fill the log.
 */
export const CRASH_LOOP_FAILURES = 6;

/** Milliseconds until the next try; null when there is none. */
export function retryDelayMs(cause: FailureCause, failures: number): number | null {
  switch (retryOf(cause)) {
    case 'never':
      return null;
    case 'later':
      return LAST_RETRY_MS;
    case 'soon':
      return failures < CRASH_LOOP_FAILURES ? backoff(failures) : null;
    case 'patient':
      return backoff(failures);
  }
}

function backoff(failures: number): number {
  return Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(failures - 1, 10));
}

export function retryAtOf(cause: FailureCause, failures: number, at: number): number | null {
  const delay = retryDelayMs(cause, failures);
  return delay === null ? null : at + delay;
}
