import type { FlagValue, ParsedFlags } from './parse-flags';

/** What the simulator uses of the flags it accepts. */
export interface ServeOptions {
  readonly model: string;
  readonly servedNames: readonly [string, ...string[]];
  readonly host: string;
  readonly port: number;
  /** Null: the model's own. -1: as much as fits. */
  readonly maxModelLen: number | null;
  readonly maxNumSeqs: number;
  readonly tensorParallelSize: number;
  readonly gpuMemoryUtilization: number;
  readonly kvCacheMemoryBytes: number | null;
  readonly kvCacheDtype: string;
  readonly quantization: string | null;
  readonly dtype: string;
  readonly enforceEager: boolean;
  readonly enablePrefixCaching: boolean;
  readonly apiKeys: readonly string[];
  readonly shutdownTimeoutS: number;
  readonly requestIdHeaders: boolean;
  readonly serverLoadTracking: boolean;
  readonly autoToolChoice: boolean;
  readonly toolCallParser: string | null;
  readonly trustRequestChatTemplate: boolean;
  readonly promptTokensDetails: boolean;
  readonly forceIncludeUsage: boolean;
  readonly accessLog: boolean;
  /** Paths whose requests are not logged. */
  readonly quietPaths: ReadonlySet<string>;
  readonly maxLogprobs: number;
  readonly allowedOrigins: readonly string[];
  readonly fingerprintMode: string;
  readonly fingerprintValue: string | null;
  /** What was given, for the log line "non-default args". */
  readonly given: ReadonlyMap<string, FlagValue>;
}

/** vLLM's own defaults: host, port, 256 sequences below 70 GiB of memory, 0.92 of it (0.32.0). */
const DEFAULT_MODEL = 'Qwen/Qwen3-0.6B';
const DEFAULT_PORT = 8000;
const DEFAULT_MAX_NUM_SEQS = 256;
const DEFAULT_GPU_MEMORY_UTILIZATION = 0.92;
const DEFAULT_MAX_LOGPROBS = 20;

export function serveOptions({ model: given, flags }: ParsedFlags): ServeOptions {
  const text = (name: string): string | null => {
    const value = flags.get(name);
    return typeof value === 'string' ? value : null;
  };
  const number = (name: string): number | null => {
    const value = flags.get(name);
    if (typeof value === 'number') return value;
    return typeof value === 'string' && value !== '' && Number.isFinite(Number(value)) ? Number(value) : null;
  };
  const list = (name: string): readonly string[] => {
    const value = flags.get(name);
    return Array.isArray(value) ? (value as readonly string[]) : [];
  };
  const on = (name: string, fallback = false): boolean => {
    const value = flags.get(name);
    return typeof value === 'boolean' ? value : fallback;
  };
  const model = given ?? text('model') ?? DEFAULT_MODEL;
  const [first = model, ...others] = list('served-model-name');
  return {
    model,
    servedNames: [first, ...others],
    host: text('host') ?? '0.0.0.0',
    port: number('port') ?? DEFAULT_PORT,
    maxModelLen: number('max-model-len'),
    maxNumSeqs: number('max-num-seqs') ?? DEFAULT_MAX_NUM_SEQS,
    tensorParallelSize: number('tensor-parallel-size') ?? 1,
    gpuMemoryUtilization: number('gpu-memory-utilization') ?? DEFAULT_GPU_MEMORY_UTILIZATION,
    kvCacheMemoryBytes: number('kv-cache-memory-bytes'),
    kvCacheDtype: text('kv-cache-dtype') ?? 'auto',
    quantization: text('quantization'),
    dtype: text('dtype') ?? 'auto',
    enforceEager: on('enforce-eager'),
    enablePrefixCaching: on('enable-prefix-caching', true),
    apiKeys: list('api-key'),
    shutdownTimeoutS: number('shutdown-timeout') ?? 0,
    requestIdHeaders: on('enable-request-id-headers'),
    serverLoadTracking: on('enable-server-load-tracking'),
    autoToolChoice: on('enable-auto-tool-choice'),
    toolCallParser: text('tool-call-parser'),
    trustRequestChatTemplate: on('trust-request-chat-template'),
    promptTokensDetails: on('enable-prompt-tokens-details'),
    forceIncludeUsage: on('enable-force-include-usage'),
    accessLog: !on('disable-uvicorn-access-log'),
    quietPaths: new Set((text('disable-access-log-for-endpoints') ?? '').split(',').map((path) => path.trim())),
    maxLogprobs: number('max-logprobs') ?? DEFAULT_MAX_LOGPROBS,
    allowedOrigins: parseOrigins(text('allowed-origins')),
    fingerprintMode: text('fingerprint-mode') ?? 'full',
    fingerprintValue: text('fingerprint-value'),
    given: flags,
  };
}

function parseOrigins(text: string | null): readonly string[] {
  if (text === null) return [];
  const value: unknown = JSON.parse(text);
  return Array.isArray(value) ? value.filter((origin) => typeof origin === 'string') : [];
}
