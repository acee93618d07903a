/** The cache of answers. */

/** In an answer: what the cache did. In a request: `use` (also where the engine would not say the same again), `bypass`. */
export const CACHE_HEADER = 'x-tandem-cache';
export type CacheOutcome = 'hit' | 'miss' | 'bypass';
export type CacheWish = 'use' | 'bypass';

export const CacheSubjects = {
  /** Request/reply: forgets all answers, in every chat-service. */
  clear: 'cache.v1.clear',
} as const;

/** JetStream KV bucket and key: when the cache was cleared last. */
export const CACHE_BUCKET = 'response-cache';
export const CACHE_CLEARED_KEY = 'cleared';
