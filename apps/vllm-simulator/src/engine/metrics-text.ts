import type { EngineCounters } from './counters';
import type { Histogram } from './histogram';
import { Exposition } from './exposition';

export interface MetricsSource {
  readonly options: {
    readonly servedNames: readonly [string, ...string[]];
    readonly gpuMemoryUtilization: number;
    readonly enablePrefixCaching: boolean;
    readonly kvCacheDtype: string;
  };
  readonly engine: {
    readonly counters: EngineCounters;
    readonly scheduler: { readonly runningCount: number; readonly waitingCount: number; readonly kvCacheUsage: number };
  };
  readonly limits: { readonly maxModelLen: number };
  readonly kvCacheTokens: number;
  readonly startedAtS: number;
  readonly httpRequests: ReadonlyMap<string, number>;
}

const TOKENS_HELP = {
  byTier:
    'Prefix-cache hit tokens by the cache tier that supplied them: device (local HBM), host (offloaded to DRAM), disk, p2p (transferred from another vLLM instance) or external_unspecified. Counted at admission; sums to vllm:prefix_cache_hits + vllm:external_prefix_cache_hits.',
  waiting:
    "Number of waiting requests by reason. Reason labels: 'capacity' = waiting for scheduling capacity; 'deferred' = deferred by transient constraints (LoRA budget, KV transfer, blocked status). Sum of all reasons equals vllm:num_requests_waiting.",
  sleep:
    'Engine sleep state; awake = 0 means engine is sleeping; awake = 1 means engine is awake; weights_offloaded = 1 means sleep level 1; discard_all = 1 means sleep level 2.',
} as const;

/** GET /metrics: the families of vLLM 0.32.0, in its order, with its labels and help texts. */
export function metricsText(source: MetricsSource): string {
  const { counters, scheduler } = source.engine;
  const own = { engine: '0', model_name: source.options.servedNames[0] };
  const out = new Exposition(own, source.startedAtS);
  processMetrics(out, source.startedAtS);
  out.counter(
    'estimated_flops_per_gpu',
    'Estimated number of floating point operations per GPU (for Model Flops Utilization calculations).',
    0,
  );
  out.counter(
    'estimated_read_bytes_per_gpu',
    'Estimated number of bytes read from memory per GPU (for Model Flops Utilization calculations).',
    0,
  );
  out.counter(
    'estimated_write_bytes_per_gpu',
    'Estimated number of bytes written to memory per GPU (for Model Flops Utilization calculations).',
    0,
  );
  out.gauge('num_requests_running', 'Number of requests in model execution batches.', scheduler.runningCount);
  out.gauge('num_requests_waiting', 'Number of requests waiting to be processed.', scheduler.waitingCount);
  out.gauges('num_requests_waiting_by_reason', TOKENS_HELP.waiting, 'reason', {
    capacity: scheduler.waitingCount,
    deferred: 0,
  });
  out.gauges('engine_sleep_state', TOKENS_HELP.sleep, 'sleep_state', {
    awake: 1,
    weights_offloaded: 0,
    discard_all: 0,
  });
  out.gauge('kv_cache_usage_perc', 'KV-cache usage. 1 means 100 percent usage.', scheduler.kvCacheUsage);
  cacheCounters(out, counters);
  tokenCounters(out, counters);
  requestHistograms(out, counters);
  cacheConfig(out, source);
  out.httpRequests(source.httpRequests);
  return out.text();
}

function processMetrics(out: Exposition, startedAtS: number): void {
  const { rss } = process.memoryUsage();
  const { userCPUTime, systemCPUTime } = process.resourceUsage();
  out.process('process_resident_memory_bytes', 'Resident memory size in bytes.', 'gauge', rss);
  out.process(
    'process_start_time_seconds',
    'Start time of the process since unix epoch in seconds.',
    'gauge',
    startedAtS,
  );
  const cpu = (userCPUTime + systemCPUTime) / 1e6;
  out.process('process_cpu_seconds_total', 'Total user and system CPU time spent in seconds.', 'counter', cpu);
}

function cacheCounters(out: Exposition, counters: EngineCounters): void {
  const external = 'from KV connector cross-instance cache sharing, in terms of number of';
  out.counter(
    'prefix_cache_queries',
    'Prefix cache queries, in terms of number of queried tokens.',
    counters.prefixQueries,
  );
  out.counter('prefix_cache_hits', 'Prefix cache hits, in terms of number of cached tokens.', counters.prefixHits);
  out.counter('external_prefix_cache_queries', `External prefix cache queries ${external} queried tokens.`, 0);
  out.counter('external_prefix_cache_hits', `External prefix cache hits ${external} cached tokens.`, 0);
  out.counter('mm_cache_queries', 'Multi-modal cache queries, in terms of number of queried items.', 0);
  out.counter('mm_cache_hits', 'Multi-modal cache hits, in terms of number of cached items.', 0);
  out.counter('num_preemptions', 'Cumulative number of preemption from the engine.', 0);
}

function tokenCounters(out: Exposition, counters: EngineCounters): void {
  const { promptTokens, cachedPromptTokens } = counters;
  out.counter('prompt_tokens', 'Number of prefill tokens processed.', promptTokens);
  out.counters('prompt_tokens_by_source', 'Number of prompt tokens by source.', 'source', {
    local_compute: promptTokens - cachedPromptTokens,
    local_cache_hit: cachedPromptTokens,
    external_kv_transfer: 0,
  });
  out.counter('prompt_tokens_cached', 'Number of cached prompt tokens (local + external).', cachedPromptTokens);
  const tiers = { device: counters.prefixHits, host: 0, p2p: 0, disk: 0, external_unspecified: 0 };
  out.counters('prompt_tokens_cached_by_source', TOKENS_HELP.byTier, 'source', tiers);
  out.counter('generation_tokens', 'Number of generation tokens processed.', counters.generationTokens);
  out.counters('request_success', 'Count of successfully processed requests.', 'finished_reason', {
    ...counters.success,
  });
  const rejections = { max_num_queued_reqs: 0, max_num_queued_tokens: 0 };
  const help = 'Number of admission attempts rejected by a queue limit, by reason.';
  out.counters('admission_rejections', help, 'reason', rejections, { withoutEngine: true });
}

function requestHistograms(out: Exposition, counters: EngineCounters): void {
  const phase = (name: string): string => `Histogram of time spent in ${name} phase for request.`;
  const families: readonly (readonly [string, string, Histogram])[] = [
    ['request_prompt_tokens', 'Number of prefill tokens processed.', counters.requestPromptTokens],
    ['request_generation_tokens', 'Number of generation tokens processed.', counters.requestGenerationTokens],
    ['iteration_tokens_total', 'Histogram of number of tokens per engine_step.', counters.iterationTokens],
    [
      'request_max_num_generation_tokens',
      'Histogram of maximum number of requested generation tokens.',
      counters.maxNumGenerationTokens,
    ],
    ['request_params_n', 'Histogram of the n request parameter.', counters.paramsN],
    ['request_params_max_tokens', 'Histogram of the max_tokens request parameter.', counters.paramsMaxTokens],
    ['time_to_first_token_seconds', 'Histogram of time to first token in seconds.', counters.timeToFirstToken],
    ['inter_token_latency_seconds', 'Histogram of inter-token latency in seconds.', counters.interTokenLatency],
    [
      'request_time_per_output_token_seconds',
      'Histogram of time_per_output_token_seconds per request.',
      counters.timePerOutputToken,
    ],
    ['e2e_request_latency_seconds', 'Histogram of e2e request latency in seconds.', counters.e2eLatency],
    ['request_queue_time_seconds', phase('WAITING'), counters.queueTime],
    ['request_inference_time_seconds', phase('RUNNING'), counters.inferenceTime],
    ['request_prefill_time_seconds', phase('PREFILL'), counters.prefillTime],
    ['request_decode_time_seconds', phase('DECODE'), counters.decodeTime],
    ['request_num_preemptions', 'Histogram of the number of times a request was preempted.', counters.preemptions],
    [
      'request_prefill_kv_computed_tokens',
      'Histogram of new KV tokens computed during prefill (excluding cached tokens).',
      counters.prefillComputedTokens,
    ],
  ];
  for (const [name, help, histogram] of families) out.histogram(name, help, histogram);
}

const BLOCK_SIZE = 16;

function cacheConfig(out: Exposition, { options, limits, kvCacheTokens }: MetricsSource): void {
  const python = (value: boolean): string => (value ? 'True' : 'False');
  out.gauge('cache_config_info', 'Information of the LLMEngine CacheConfig', 1, {
    block_size: String(BLOCK_SIZE),
    cache_dtype: options.kvCacheDtype,
    enable_prefix_caching: python(options.enablePrefixCaching),
    gpu_memory_utilization: String(options.gpuMemoryUtilization),
    kv_cache_max_concurrency: String(kvCacheTokens / limits.maxModelLen),
    kv_cache_size_tokens: String(kvCacheTokens),
    num_gpu_blocks: String(Math.floor(kvCacheTokens / BLOCK_SIZE)),
    prefix_caching_hash_algo: 'sha256',
  });
}
