import { gpuUuid } from './gpu/gpus';

/** Failures on demand (VLLM_SIM_FAULT, joined by commas). */
export interface Faults {
  /** CUDA out of memory while the weights are loaded. */
  readonly oomLoad: boolean;
  /** No memory is left for the KV cache. */
  readonly oomKv: boolean;
  /** CUDA out of memory while the graphs are captured. */
  readonly oomGraphs: boolean;
  /** The hub wants a token that may read the model. */
  readonly gated: boolean;
  /** The tokenizer of the model has no chat template: the start goes well, chats are refused. */
  readonly noChatTemplate: boolean;
  /** NCCL fails while the workers find each other. */
  readonly nccl: boolean;
  /** The load never comes to its end. */
  readonly stuckLoad: boolean;
  /** As if another process had the port. */
  readonly portInUse: boolean;
  /** The engine dies after so many tokens in all. */
  readonly crashAfterTokens: number | null;
  /** After so many tokens in all no request is answered any more, while /health says 200. */
  readonly hangAfterTokens: number | null;
  /** The connection of every stream is closed after so many of its tokens. */
  readonly truncateAfterTokens: number | null;
}

export interface SimulatorConfig {
  readonly loadSeconds: number;
  readonly tokensPerSecond: number;
  /** Overrides --max-num-seqs. */
  readonly maxNumSeqs: number | null;
  readonly ttftMs: number;
  /** The fewest tokens of an answer, as if each request had asked for them with min_tokens. */
  readonly answerTokens: number;
  /** `merged`: KV cache size and concurrency in one line (since 2026-08); `split`: in two (before). */
  readonly logFormat: 'merged' | 'split';
  readonly faults: Faults;
  /** Faults of single models, in place of those above. */
  readonly modelFaults: ReadonlyMap<string, Faults>;
  /** Where running simulators tell the simulated nvidia-smi what they use; null: nowhere. */
  readonly stateDir: string | null;
  /** Indices of the GPUs that the process may see (CUDA_VISIBLE_DEVICES names them by index or UUID). */
  readonly visibleGpus: readonly number[];
  /** The context length of the model itself. */
  readonly modelMaxLen: number;
  readonly hasChatTemplate: boolean;
}

/** With this model's own faults: the same settings are handed to all engines, and one of them is to fail. */
export function forModel(config: SimulatorConfig, model: string): SimulatorConfig {
  return { ...config, faults: config.modelFaults.get(model) ?? config.faults };
}

export class ConfigError extends Error {}

type Environment = Readonly<Record<string, string | undefined>>;

const GPUS_IN_MACHINE = [0, 1];

/** 50 tokens a second for each stream: about what a 14B model does on two RTX 3090. */
const DEFAULT_TOKENS_PER_SECOND = 50;
const DEFAULT_LOAD_SECONDS = 0.5;
/** max_position_embeddings of the R1 distillations and of most current models. */
const DEFAULT_MODEL_MAX_LEN = 131_072;

export function readConfig(env: Environment): SimulatorConfig {
  const number = (name: string, fallback: number, least = 0): number => {
    const text = env[name];
    if (text === undefined || text === '') return fallback;
    const value = Number(text);
    if (!Number.isFinite(value) || value < least)
      throw new ConfigError(`${name} must be a number >= ${least}: ${text}`);
    return value;
  };
  const maxNumSeqs = number('VLLM_SIM_MAX_NUM_SEQS', 0);
  const logFormat = env['VLLM_SIM_LOG_FORMAT'] ?? 'merged';
  if (logFormat !== 'merged' && logFormat !== 'split') {
    throw new ConfigError(`VLLM_SIM_LOG_FORMAT must be merged or split: ${logFormat}`);
  }
  return {
    loadSeconds: number('VLLM_SIM_LOAD_SECONDS', DEFAULT_LOAD_SECONDS),
    tokensPerSecond: number('VLLM_SIM_TOKENS_PER_SECOND', DEFAULT_TOKENS_PER_SECOND, 0.01),
    maxNumSeqs: maxNumSeqs === 0 ? null : maxNumSeqs,
    ttftMs: number('VLLM_SIM_TTFT_MS', 0),
    answerTokens: number('VLLM_SIM_ANSWER_TOKENS', 0),
    logFormat,
    faults: readFaults(env['VLLM_SIM_FAULT'] ?? ''),
    modelFaults: readModelFaults(env['VLLM_SIM_MODEL_FAULTS'] ?? ''),
    stateDir: stateDirectory(env),
    visibleGpus: readVisibleGpus(env['CUDA_VISIBLE_DEVICES']),
    modelMaxLen: number('VLLM_SIM_MODEL_MAX_LEN', DEFAULT_MODEL_MAX_LEN, 1),
    hasChatTemplate: env['VLLM_SIM_CHAT_TEMPLATE'] !== 'none',
  };
}

/** Where simulators and the simulated nvidia-smi meet, or null. */
export function stateDirectory(env: Environment = process.env): string | null {
  const given = env['VLLM_SIM_STATE_DIR'];
  return given === undefined || given === '' ? null : given;
}

function readVisibleGpus(text: string | undefined): readonly number[] {
  if (text === undefined) return GPUS_IN_MACHINE;
  const listed = text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .map((part) => GPUS_IN_MACHINE.find((gpu) => part === String(gpu) || part === gpuUuid(gpu)) ?? -1);
  // As CUDA: the list ends at the first device that does not exist.
  const end = listed.findIndex((gpu) => !GPUS_IN_MACHINE.includes(gpu));
  return end < 0 ? listed : listed.slice(0, end);
}

function readFaults(text: string): Faults {
  const given = new Map<string, number | null>();
  for (const part of text.split(',').map((word) => word.trim())) {
    if (part === '') continue;
    const [name = '', count] = part.split(':');
    const wantsCount = name.endsWith('-after');
    const value = count === undefined ? Number.NaN : Number(count);
    if (!KNOWN_FAULTS.includes(name) || wantsCount !== (Number.isInteger(value) && value >= 0)) {
      throw new ConfigError(
        `VLLM_SIM_FAULT: unknown fault "${part}". Known: ${KNOWN_FAULTS.join(', ')} (-after:N tokens)`,
      );
    }
    given.set(name, wantsCount ? value : null);
  }
  return {
    oomLoad: given.has('oom-load'),
    oomKv: given.has('oom-kv'),
    oomGraphs: given.has('oom-graphs'),
    gated: given.has('gated'),
    noChatTemplate: given.has('no-chat-template'),
    nccl: given.has('nccl'),
    stuckLoad: given.has('stuck-load'),
    portInUse: given.has('port-in-use'),
    crashAfterTokens: given.get('crash-after') ?? null,
    hangAfterTokens: given.get('hang-after') ?? null,
    truncateAfterTokens: given.get('truncate-after') ?? null,
  };
}

/** `MODEL=FAULT`, several joined by semicolons. */
function readModelFaults(text: string): Map<string, Faults> {
  const faults = new Map<string, Faults>();
  for (const part of text.split(';').filter((word) => word.trim() !== '')) {
    const [model = '', fault] = part.split('=').map((word) => word.trim());
    if (fault === undefined) throw new ConfigError(`VLLM_SIM_MODEL_FAULTS: must be MODEL=FAULT: ${part}`);
    faults.set(model, readFaults(fault));
  }
  return faults;
}

const KNOWN_FAULTS = [
  'oom-load',
  'oom-kv',
  'oom-graphs',
  'gated',
  'no-chat-template',
  'nccl',
  'stuck-load',
  'port-in-use',
  'crash-after',
  'hang-after',
  'truncate-after',
];
