import type { Failure, FailureCause } from './failures';

/** What one line of vLLM's log tells. The prefix of a line varies with version and process, so only messages are matched. */
export type LogObservation = { kind: 'phase'; phase: string; percent: number } | { kind: 'failure'; failure: Failure };

/** The phase in which memory runs out for the graphs. */
export const CAPTURING_GRAPHS = 'capturing CUDA graphs';

/**
 * Boot phases with the part of the boot that is done when their line comes. Shares are of recorded boots of vLLM 0.32.0 and
 * of public boot logs on RTX 3090s, where reading weights and capturing graphs take most of the time.
 */
const PHASES: readonly (readonly [RegExp, string, (match: RegExpMatchArray) => number])[] = [
  [/^\[kubernetes\] the pod is coming/, 'waiting for Kubernetes', () => 1],
  [/Using max model len/, 'reading the configuration', () => 5],
  [/Initializing a V\d LLM engine/, 'starting the engine', () => 10],
  [/Starting to load model/, 'loading weights', () => 15],
  [/Loading safetensors checkpoint shards:\s*(\d+)%/, 'loading weights', (match) => 15 + Number(match[1]) * 0.4],
  [/Loading weights took|Model loading took/, 'weights loaded', () => 57],
  [/Dynamo bytecode transform time|Warming up model for the compilation/, 'compiling', () => 60],
  [/torch\.compile took/, 'compiled', () => 70],
  [/Available KV cache memory|KV cache size/, 'making the KV cache', () => 75],
  [/Capturing CUDA graphs[^%]*?(\d+)%/, CAPTURING_GRAPHS, (match) => 78 + Number(match[1]) * 0.14],
  [/Graph capturing finished/, 'CUDA graphs captured', () => 92],
  [/init engine \(profile/, 'starting the server', () => 95],
  [/Starting vLLM server on/, 'starting the server', () => 97],
  [/Application startup complete/, 'ready to serve', () => 100],
];

/** In the order of precision: the first that matches names the cause. From vLLM's source and recorded failures. */
const CAUSES: readonly (readonly [RegExp, FailureCause])[] = [
  [/Free memory on device .* is less than desired GPU memory utilization/, 'gpu_memory_taken'],
  [
    /To serve at least one request with the model's max seq len|No available memory for the cache blocks/,
    'kv_cache_too_small',
  ],
  [/CUDA out of memory|torch\.(cuda\.)?OutOfMemoryError/, 'oom_at_load'],
  [/NCCL error|ncclUnhandledCudaError|ncclSystemError|ncclInternalError/, 'nccl_error'],
  [/Address already in use/, 'port_in_use'],
  [/No space left on device/, 'out_of_disk'],
  [
    /Access to model .* is restricted|GatedRepoError|gated repo|401 Client Error|403 Client Error/,
    'model_access_denied',
  ],
  [
    /Invalid repository ID or local directory specified|HFValidationError|RepositoryNotFoundError|is not a valid model identifier/,
    'model_not_found',
  ],
  [/LocalEntryNotFoundError|couldn't connect to .*huggingface|Max retries exceeded with url/, 'model_download_failed'],
  [/SafetensorError|Error while deserializing header/, 'weights_damaged'],
  [/error: unrecognized arguments/, 'unknown_flag'],
  [/error: argument /, 'bad_flag_value'],
  [/is greater than the derived max_model_len/, 'context_too_long'],
  [/must be divisible by tensor parallel size/, 'tensor_parallel_mismatch'],
  [/Model architectures .* are not supported/, 'unsupported_model'],
  [/Value error, |TypeError: Error: --/, 'invalid_configuration'],
  // What the driver `kubernetes` says of a pod that does not come, in Kubernetes' own words.
  [/^\[kubernetes\] (Unschedulable|SchedulerError)/, 'gpu_not_available'],
  [/^\[kubernetes\] (ErrImagePull|ImagePullBackOff|InvalidImageName|ErrImageNeverPull)/, 'image_not_found'],
  [/^\[kubernetes\] (CreateContainer|RunContainer)/, 'driver_refused'],
  [/^\[kubernetes\] .*OOMKilled/, 'killed'],
  [
    /EngineCore failed to start|EngineCore encountered a fatal error|Engine core initialization failed|Worker proc .* died unexpectedly/,
    'engine_core_failed',
  ],
];

/** Causes that only say that something went wrong: a later, better one replaces them. */
const VAGUE: readonly FailureCause[] = [
  'engine_core_failed',
  'invalid_configuration',
  // Of a pod that may have come after all.
  'gpu_not_available',
  'image_not_found',
  'driver_refused',
];

export function readLogLine(line: string): LogObservation | null {
  for (const [pattern, cause] of CAUSES)
    if (pattern.test(line)) return { kind: 'failure', failure: { cause, detail: message(line) } };
  for (const [pattern, phase, percent] of PHASES) {
    const match = pattern.exec(line);
    if (match !== null) return { kind: 'phase', phase, percent: Math.round(percent(match)) };
  }
  return null;
}

/** Which of two causes seen in one log explains the failure: the first precise one, since others follow from it. */
export function betterCause(known: Failure | null, seen: Failure): Failure {
  if (known === null) return seen;
  return VAGUE.includes(known.cause) && !VAGUE.includes(seen.cause) ? seen : known;
}

/** The words of a log line, without process, level, time and place. vLLM's longest lines hold the whole configuration. */
function message(line: string): string {
  const words = line
    .replace(/^\([^)]*\)\s*/, '')
    .replace(/^(ERROR|WARNING|INFO) \d\d-\d\d \d\d:\d\d:\d\d (\[[^\]]*\] )*/, '')
    .trim();
  return words.length > 400 ? `${words.slice(0, 400)}...` : words;
}
