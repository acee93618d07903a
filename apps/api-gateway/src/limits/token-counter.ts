import type { Redis } from 'ioredis';
import type { RateLimiterAbstract, RateLimiterRes } from 'rate-limiter-flexible';
import { countPoints, limiter } from './limiter';

/** Tokens that were taken from a window. */
export interface Taken {
  readonly counter: TokenCounter;
  readonly tracker: string;
  readonly tokens: number;
  /** End of the window, monotonic milliseconds. */
  readonly until: number;
}

export interface Counted {
  /** Tokens of the window, those asked for included. */
  used: number;
  /** Until the window ends. */
  resetMs: number;
}

/** Counts tokens in fixed windows: in Redis for all gateways, else in this process. Each tracker has its own limit. */
export class TokenCounter {
  readonly limiter: RateLimiterAbstract;

  constructor(redis: Redis | null, name: string, windowS: number) {
    // The limiter only counts, so its own limit is one that is never reached.
    this.limiter = limiter(redis, { name, points: Number.MAX_SAFE_INTEGER, windowS });
  }

  async read(tracker: string): Promise<Counted | null> {
    const counted = await this.limiter.get(tracker);
    return counted === null || counted.msBeforeNext <= 0 ? null : counts(counted);
  }

  /**
   * Takes tokens where they fit under the limit, in one atomic step; else none are taken. (They are counted first and
   * given back: for that moment others may be refused who would just have fitted, but never more than the limit is taken.)
   */
  async take(tracker: string, tokens: number, limit: number): Promise<Counted & { taken: Taken | null }> {
    const counted = counts(await countPoints(this.limiter, tracker, tokens));
    if (counted.used <= limit) {
      return { ...counted, taken: { counter: this, tracker, tokens, until: performance.now() + counted.resetMs } };
    }
    await this.limiter.reward(tracker, tokens);
    return { ...counted, taken: null };
  }

  /** Puts what was really used in the place of what was taken; what a window that is over counted does not matter. */
  async settle({ tracker, tokens, until }: Taken, used: number): Promise<void> {
    if (performance.now() >= until) return;
    if (used < tokens) await this.limiter.reward(tracker, tokens - used);
    else if (used > tokens) await this.limiter.penalty(tracker, used - tokens);
  }
}

function counts({ consumedPoints, msBeforeNext }: RateLimiterRes): Counted {
  return { used: consumedPoints, resetMs: msBeforeNext };
}
