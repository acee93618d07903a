import type { KvPlan } from './kv-plan';

export interface Capacity {
  blocks: number;
  /** Requests of full length at once. */
  concurrency: number;
  /** vLLM's "GPU KV cache size". */
  tokens: number;
  /** The longest request that fits, up to the length asked for. */
  longest: number;
}

/** What a cache of so many bytes a GPU holds (`get_kv_cache_capacity`, `_estimate_max_model_len_from_groups`). */
export function capacityOf(plan: KvPlan, cacheBytes: number, maxModelLen: number): Capacity {
  const blocks = Math.max(0, Math.floor(cacheBytes / plan.bytesPerBlock));
  const concurrency = blocks / plan.blocksPerRequest(maxModelLen);
  return {
    blocks,
    concurrency,
    tokens: Math.floor(concurrency * maxModelLen),
    longest: longestRequest(plan, blocks, maxModelLen),
  };
}

/** Bytes of cache that one request of this length needs, the pool's null block included. */
export function bytesNeeded(plan: KvPlan, length: number): number {
  return (plan.blocksPerRequest(length) + 1) * plan.bytesPerBlock;
}

export function longestRequest(plan: KvPlan, blocks: number, upTo: number): number {
  const fits = (length: number): boolean => plan.blocksPerRequest(length) + 1 <= blocks;
  if (!fits(1)) return 0;
  let low = 1;
  let high = upTo;
  while (low < high) {
    const between = Math.ceil((low + high) / 2);
    if (fits(between)) low = between;
    else high = between - 1;
  }
  return low;
}
