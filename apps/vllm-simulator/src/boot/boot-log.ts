import type { FlagValue } from '../cli/parse-flags';
import type { ServeOptions } from '../cli/serve-options';
import { VLLM_VERSION } from '../http/server-state';
import { pyRepr, pyString } from '../protocol/python';
import type { VllmLog } from './log';
import type { MemoryPlan } from './memory-plan';

/** One thing that the boot says, and what part of the load time passes before it. */
export interface BootStep {
  /** 0..1 of the load time. */
  readonly at: number;
  say(log: VllmLog): void;
}

/** What vLLM's log calls the routes that this server has. */
const ROUTES = [
  ['/load', 'GET'],
  ['/version', 'GET'],
  ['/kv_event_sources', 'GET'],
  ['/health', 'GET'],
  ['/metrics', 'GET'],
  ['/tokenize', 'POST'],
  ['/detokenize', 'POST'],
  ['/v1/models', 'GET'],
  ['/ping', 'GET'],
  ['/ping', 'POST'],
  ['/invocations', 'POST'],
  ['/v1/chat/completions', 'POST'],
  ['/v1/responses', 'POST'],
  ['/v1/responses/{response_id}', 'GET'],
  ['/v1/responses/{response_id}/cancel', 'POST'],
  ['/v1/completions', 'POST'],
  ['/v1/messages', 'POST'],
  ['/v1/messages/count_tokens', 'POST'],
  ['/is_scaling_elastic_ep', 'POST'],
  ['/v1/chat/completions/render', 'POST'],
  ['/v1/messages/render', 'POST'],
  ['/v1/completions/render', 'POST'],
  ['/v1/responses/render', 'POST'],
  ['/v1/chat/completions/derender', 'POST'],
  ['/v1/completions/derender', 'POST'],
  ['/inference/v1/generate', 'POST'],
  ['/inference/v1/abort_requests', 'POST'],
] as const;

function nonDefaultArgs(options: ServeOptions): string {
  const shown = (value: FlagValue): string => (Array.isArray(value) ? pyRepr([...(value as string[])]) : pyRepr(value));
  const given = [...options.given].map(([name, value]) => `${pyString(name.replaceAll('-', '_'))}: ${shown(value)}`);
  return `{${[`'model_tag': ${pyString(options.model)}`, ...given, `'model': ${pyString(options.model)}`].join(', ')}}`;
}

/** The first lines: who starts, and with what. */
export function banner(log: VllmLog, options: ServeOptions): void {
  const art = [
    '',
    '       █     █     █▄   ▄█',
    ` ▄▄ ▄█ █     █     █ ▀▄▀ █  version ${VLLM_VERSION}`,
    `  █▄█▀ █     █     █     █  model   ${options.model}`,
    '   ▀▀  ▀▀▀▀▀ ▀▀▀▀▀ ▀     ▀',
    '',
  ];
  for (const line of art) log.info('APIServer', 'api_utils.py:347', line);
  log.info('APIServer', 'api_utils.py:286', `non-default args: ${nonDefaultArgs(options)}`);
  // Not vLLM's: whoever reads this log must know what it is.
  log.warning(
    'APIServer',
    'simulator',
    'This is a simulated vLLM: no model is loaded and every answer is marked [simulated].',
  );
}

const thousands = (value: number): string => value.toLocaleString('en-US');

function shards(options: ServeOptions, plan: MemoryPlan): BootStep[] {
  // Checkpoints are cut into files of about 5 GB.
  const count = Math.max(1, Math.ceil((plan.weightsGib * options.tensorParallelSize) / 4.65));
  return Array.from({ length: count + 1 }, (_, done) => ({
    at: Math.min(0.6, 0.2 + (0.4 * done) / count),
    say: (log) => {
      const percent = String(Math.floor((100 * done) / count)).padStart(3, ' ');
      const speed = done === 0 ? '[00:00<?, ?it/s]' : `[00:0${Math.min(9, done)}<00:00,  1.02s/it]`;
      log.stderr(
        `(Worker pid=${process.pid + 2}) Loading safetensors checkpoint shards: ${percent}% Completed | ${done}/${count} ${speed}`,
      );
    },
  }));
}

function cudaGraphs(options: ServeOptions): BootStep[] {
  if (options.enforceEager) return [];
  const captures = [0, 17, 34, 51, 67].map((done, index): BootStep => {
    const percent = String(Math.floor((100 * done) / 67)).padStart(3, ' ');
    const bar = '█'.repeat(Math.floor((10 * done) / 67)).padEnd(10, ' ');
    return {
      at: 0.84 + 0.02 * index,
      say: (log) =>
        log.stderr(`Capturing CUDA graphs (mixed prefill-decode, PIECEWISE): ${percent}%|${bar}| ${done}/67`),
    };
  });
  const finished: BootStep = {
    at: 0.93,
    say: (log) => log.info('Worker', 'gpu_model_runner.py:6582', 'Graph capturing finished in 3 secs, took 0.71 GiB'),
  };
  return [...captures, finished];
}

function compilation(options: ServeOptions): BootStep[] {
  if (options.enforceEager) return [];
  return [
    { at: 0.66, say: (log) => log.info('Worker', 'backends.py:1167', 'Dynamo bytecode transform time: 4.12 s') },
    { at: 0.74, say: (log) => log.info('Worker', 'monitor.py:48', 'torch.compile took 18.53 s in total') },
  ];
}

function kvCacheLines(log: VllmLog, plan: MemoryPlan, format: 'merged' | 'split'): void {
  const size = `GPU KV cache size: ${thousands(plan.kvCacheTokens)} tokens`;
  const concurrency = (plan.kvCacheTokens / plan.maxModelLen).toFixed(2);
  const maximum = `Maximum concurrency for ${thousands(plan.maxModelLen)} tokens per request: ${concurrency}x`;
  if (format === 'merged') {
    log.info('EngineCore', 'kv_cache_utils.py:2327', `${size}, ${maximum}`);
    return;
  }
  log.info('EngineCore', 'kv_cache_utils.py:1087', size);
  log.info('EngineCore', 'kv_cache_utils.py:1091', maximum);
}

/** Everything from the resolved model to the last step before the weights are loaded. */
export function earlySteps(options: ServeOptions, plan: MemoryPlan): BootStep[] {
  const tp = options.tensorParallelSize;
  const config =
    `model=${pyString(options.model)}, speculative_config=None, tokenizer=${pyString(options.model)}, dtype=torch.bfloat16, ` +
    `max_seq_len=${plan.maxModelLen}, tensor_parallel_size=${tp}, pipeline_parallel_size=1, data_parallel_size=1, ` +
    `quantization=${options.quantization ?? 'None'}, enforce_eager=${options.enforceEager ? 'True' : 'False'}, ` +
    `kv_cache_dtype=${options.kvCacheDtype}, device_config=cuda, served_model_name=${options.servedNames[0]}`;
  return [
    { at: 0, say: (log) => log.info('APIServer', 'model.py:733', 'Resolved architecture: Qwen2ForCausalLM') },
    { at: 0, say: (log) => log.info('APIServer', 'model.py:2152', `Using max model len ${plan.maxModelLen}`) },
    {
      at: 0.05,
      say: (log) =>
        log.info('EngineCore', 'core.py:133', `Initializing a V1 LLM engine (v${VLLM_VERSION}) with config: ${config}`),
    },
    {
      at: 0.1,
      say: (log) => {
        for (let rank = 0; rank < tp; rank++) {
          const where = `rank ${rank} in world size ${tp} is assigned as DP rank 0, PP rank 0, PCP rank 0, TP rank ${rank}`;
          log.info('Worker', 'parallel_state.py:2350', `${where}, ETP rank ${rank}, EP rank N/A, EPLB rank N/A`);
        }
      },
    },
    {
      at: 0.15,
      say: (log) => log.info('Worker', 'gpu_model_runner.py:5040', `Starting to load model ${options.model}...`),
    },
  ];
}

/** Weights, KV cache, graphs. */
export function loadSteps(options: ServeOptions, plan: MemoryPlan, seconds: number): BootStep[] {
  const loaded = (seconds * 0.4).toFixed(2);
  const weights = Math.round(plan.weightsGib * 100) / 100;
  return [
    ...shards(options, plan),
    { at: 0.6, say: (log) => log.info('Worker', 'default_loader.py:501', `Loading weights took ${loaded} seconds`) },
    {
      at: 0.62,
      say: (log) =>
        log.info(
          'Worker',
          'gpu_model_runner.py:5150',
          `Model loading took ${weights} GiB memory and ${(seconds * 0.45).toFixed(6)} seconds`,
        ),
    },
    ...compilation(options),
  ];
}

export function readySteps(
  options: ServeOptions,
  plan: MemoryPlan,
  format: 'merged' | 'split',
  seconds: number,
): BootStep[] {
  const available = Math.round(plan.kvCacheGib * 100) / 100;
  return [
    { at: 0.8, say: (log) => log.info('Worker', 'gpu_worker.py:760', `Available KV cache memory: ${available} GiB`) },
    { at: 0.82, say: (log) => kvCacheLines(log, plan, format) },
    ...cudaGraphs(options),
    {
      at: 0.95,
      say: (log) =>
        log.info(
          'EngineCore',
          'core.py:402',
          `init engine (profile, create kv cache, warmup model) took ${(seconds * 0.35).toFixed(2)} s`,
        ),
    },
    { at: 1, say: (log) => log.info('APIServer', 'entry.py:136', "Supported tasks: ['generate']") },
    {
      at: 1,
      say: (log) => {
        const shown = options.host.includes(':') ? `[${options.host}]` : options.host;
        log.info('APIServer', 'entry.py:140', `Starting vLLM server on http://${shown}:${options.port}`);
        log.info('APIServer', 'launcher.py:186', 'Available routes are:');
        for (const [path, methods] of ROUTES)
          log.info('APIServer', 'launcher.py:195', `Route: ${path}, Methods: ${methods}`);
      },
    },
  ];
}
