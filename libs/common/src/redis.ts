import { Redis } from 'ioredis';

/** A connection without a queue: while Redis is away a command fails at once, and whoever sent it goes on without. */
export function connectRedis(url: string): Redis {
  return new Redis(url, { enableOfflineQueue: false, maxRetriesPerRequest: 0, commandTimeout: 500 });
}
