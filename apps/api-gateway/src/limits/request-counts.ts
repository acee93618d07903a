import type { ThrottlerStorage } from '@nestjs/throttler';
import type { Redis } from 'ioredis';
import type { RateLimiterAbstract } from 'rate-limiter-flexible';
import { countPoints, limiter } from './limiter';

type Counted = Awaited<ReturnType<ThrottlerStorage['increment']>>;

/** The window of "requests a minute". */
export const WINDOW_S = 60;
/** Each key has its own limit, so the limiter only counts; 2^31 - 1 is never reached. */
const NEVER = 2_147_483_647;

/**
 * Counts of requests by tracker, for @nestjs/throttler: fixed windows in this process, or in Redis for all gateways.
 * (The storage of @nestjs/throttler itself makes one timer for each hit; this one makes one for each window.)
 */
export class RequestCounts implements ThrottlerStorage {
  private readonly limiter: RateLimiterAbstract;

  constructor(redis: Redis | null) {
    this.limiter = limiter(redis, { name: 'requests', points: NEVER, windowS: WINDOW_S });
  }

  /** Counts one request. Times of the answer are in milliseconds. */
  async increment(tracker: string, _ttlMs: number, limit: number): Promise<Counted> {
    const counted = await countPoints(this.limiter, tracker);
    const isBlocked = counted.consumedPoints > limit;
    return {
      totalHits: counted.consumedPoints,
      timeToExpire: counted.msBeforeNext,
      isBlocked,
      timeToBlockExpire: isBlocked ? counted.msBeforeNext : 0,
    };
  }
}
