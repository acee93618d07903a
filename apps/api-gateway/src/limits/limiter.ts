import type { Redis } from 'ioredis';
import { RateLimiterMemory, RateLimiterRedis, RateLimiterRes, type RateLimiterAbstract } from 'rate-limiter-flexible';

export interface LimiterSettings {
  /** Names its counters in Redis. */
  name: string;
  points: number;
  windowS: number;
}

/** Counts in fixed windows: in Redis for all gateways together, else in this process. */
export function limiter(redis: Redis | null, { name, points, windowS }: LimiterSettings): RateLimiterAbstract {
  const memory = new RateLimiterMemory({ points, duration: windowS });
  if (redis === null) return memory;
  return new RateLimiterRedis({
    storeClient: redis,
    keyPrefix: `tandem:${name}`,
    points,
    duration: windowS,
    // Redis away: each gateway counts alone, rather than refusing everybody.
    insuranceLimiter: memory,
    rejectIfRedisNotReady: true,
  });
}

/** Counts `points` for a tracker. The limiter throws what it counted when its own limit came; ours stand elsewhere. */
export async function countPoints(limiter: RateLimiterAbstract, tracker: string, points = 1): Promise<RateLimiterRes> {
  try {
    return await limiter.consume(tracker, points);
  } catch (refused) {
    if (refused instanceof RateLimiterRes) return refused;
    throw refused;
  }
}
