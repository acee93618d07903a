import type { EngineSettings } from '../profiles/profile';
import { onTheFly, type LinearFormat } from './model/quantization';
import type { Dtype, ModelShape } from './model/model-shape';

/** An engine's settings with vLLM's defaults put in (`arg_utils.py`, 0.32). */
export interface EnginePlan {
  model: string;
  dtype: Dtype;
  /** How linear layers are held on the GPU; null for 16 or 32 bits. */
  format: LinearFormat | null;
  /** True when the checkpoint is 16 bits and vLLM quantizes while it loads. */
  quantizedOnLoad: boolean;
  tensorParallelSize: number;
  pipelineParallelSize: number;
  dataParallelSize: number;
  utilisation: number;
  kvCacheMemoryBytes: number | null;
  kvCacheDtype: string;
  /** Tokens; `auto` is the longest that fits. */
  maxModelLen: number | 'auto';
  maxNumSeqs: number;
  maxNumBatchedTokens: number;
  blockSize: number;
  prefixCaching: boolean;
  eager: boolean;
  asyncScheduling: boolean;
  hybridCache: boolean;
  speculativeTokens: number;
  /** Bytes of an element of the recurrent state, where a flag says so. */
  stateBytes: number | null;
  languageModelOnly: boolean;
  loraSlots: number;
  loraRank: number;
  cpuOffloadBytes: number;
}

/** vLLM's own default since 0.2x; older ones had 0.9. */
export const DEFAULT_UTILISATION = 0.92;
const GIB = 1024 ** 3;

/** A setting that vLLM would refuse, or that cannot be understood. */
export class EngineSettingError extends Error {
  override readonly name = 'EngineSettingError';

  constructor(
    readonly setting: string,
    message: string,
  ) {
    super(message);
  }
}

/** @param totalBytes of the GPU: vLLM batches more on large cards. @throws EngineSettingError */
export function planEngine(settings: EngineSettings, shape: ModelShape, gpu: PlanGpu): EnginePlan {
  const read = new SettingsReader(settings);
  const large = gpu.totalBytes >= 70 * GIB;
  const defaultTokens = gpu.totalBytes >= 160 * GIB ? 16_384 : large && !/a100/i.test(gpu.name) ? 8_192 : 2_048;
  const maxNumSeqs = read.integer('maxNumSeqs', 1, 1_048_576) ?? (large && !/a100/i.test(gpu.name) ? 1_024 : 256);
  const maxModelLen = readLength(settings['maxModelLen'], shape.maxPositions);
  const known = typeof maxModelLen === 'number' ? maxModelLen : (shape.maxPositions ?? 131_072);
  const batched = read.integer('maxNumBatchedTokens', 1, 16_777_216) ?? Math.min(defaultTokens, maxNumSeqs * known);
  const stored = shape.quantization;
  const fly = stored === null ? onTheFly(read.text('quantization')) : null;
  const tensorParallelSize = read.integer('tensorParallelSize', 1, 1_024) ?? 1;
  return {
    model: settings.model,
    dtype: readDtype(read.text('dtype'), shape.dtype, gpu.computeCapability),
    format: stored ?? fly,
    quantizedOnLoad: fly !== null,
    tensorParallelSize,
    pipelineParallelSize: read.integer('pipelineParallelSize', 1, 1_024) ?? 1,
    dataParallelSize: read.integer('dataParallelSize', 1, 1_024) ?? 1,
    utilisation: read.fraction('gpuMemoryUtilization') ?? DEFAULT_UTILISATION,
    kvCacheMemoryBytes: readBytes(settings['kvCacheMemoryBytes']),
    kvCacheDtype: (read.text('kvCacheDtype') ?? 'auto').toLowerCase(),
    maxModelLen,
    maxNumSeqs: Math.min(maxNumSeqs, batched),
    maxNumBatchedTokens: batched,
    blockSize: read.integer('blockSize', 1, 65_536) ?? 16,
    prefixCaching: read.flag('enablePrefixCaching') ?? true,
    eager: read.flag('enforceEager') ?? false,
    asyncScheduling: read.flag('asyncScheduling') ?? true,
    hybridCache: !(read.flag('disableHybridKvCacheManager') ?? false),
    speculativeTokens: speculativeTokens(settings['speculativeConfig']),
    stateBytes: readStateBytes(read.text('mambaSsmCacheDtype')),
    languageModelOnly: read.flag('languageModelOnly') ?? takesNoMedia(settings['limitMmPerPrompt']),
    loraSlots: read.flag('enableLora') === true ? (read.integer('maxLoras', 1, 65_536) ?? 1) : 0,
    loraRank: read.integer('maxLoraRank', 1, 65_536) ?? 16,
    cpuOffloadBytes: (read.number('cpuOffloadGb', 0, 65_536) ?? 0) * GIB,
  };
}

export interface PlanGpu {
  name: string;
  totalBytes: number;
  computeCapability: number;
}

/** Without images and videos vLLM loads no encoder (`registry.py`, "running in text-only mode"). */
function takesNoMedia(limits: unknown): boolean {
  if (typeof limits !== 'object' || limits === null) return false;
  return 'image' in limits && 'video' in limits && Object.values(limits).every((limit) => limit === 0);
}

/** The draft model of `speculativeConfig`, where it is a model of its own; MTP layers are in the target's checkpoint. */
export function draftModel(settings: EngineSettings): string | null {
  const config = settings['speculativeConfig'];
  if (typeof config !== 'object' || Array.isArray(config)) return null;
  const model = config['model'];
  return typeof model === 'string' && model !== settings.model ? model : null;
}

function speculativeTokens(config: unknown): number {
  if (typeof config !== 'object' || config === null) return 0;
  const tokens = 'num_speculative_tokens' in config ? config.num_speculative_tokens : undefined;
  if (tokens === undefined) return 1;
  if (typeof tokens !== 'number' || !Number.isInteger(tokens) || tokens < 1 || tokens > 1_024)
    throw new EngineSettingError('speculativeConfig', 'num_speculative_tokens must be a whole number from 1 to 1024');
  return tokens;
}

/** `auto` takes what the checkpoint has, but 16 bits for 32, and float16 where the card has no bfloat16. */
function readDtype(flag: string | null, stored: Dtype, computeCapability: number): Dtype {
  if (flag === 'half' || flag === 'float16') return 'float16';
  if (flag === 'bfloat16') return 'bfloat16';
  if (flag === 'float' || flag === 'float32') return 'float32';
  if (flag !== null && flag !== 'auto') throw new EngineSettingError('dtype', `"${flag}" is no dtype of vLLM`);
  if (stored === 'float16') return 'float16';
  return computeCapability < 8 ? 'float16' : 'bfloat16';
}

/** `--mamba-ssm-cache-dtype`; `auto` is what the model's config.json says. */
function readStateBytes(flag: string | null): number | null {
  if (flag === null || flag === 'auto') return null;
  if (flag === 'float32') return 4;
  if (flag === 'float16' || flag === 'bfloat16') return 2;
  throw new EngineSettingError('mambaSsmCacheDtype', 'must be auto, float32, float16 or bfloat16');
}

/** `8192`, `8k` (8,000), `8K` (8,192), `auto` and -1, as vLLM reads them. */
function readLength(value: unknown, positions: number | null): number | 'auto' {
  if (value === undefined) return positions ?? 'auto';
  if (value === -1 || value === '-1' || value === 'auto') return 'auto';
  const length = humanNumber(value);
  if (length === null || length < 1 || length > 1_073_741_824)
    throw new EngineSettingError('maxModelLen', 'must be a number of tokens, as 8192 or 8K, or "auto"');
  return length;
}

function readBytes(value: unknown): number | null {
  if (value === undefined) return null;
  const bytes = humanNumber(value);
  if (bytes === null || bytes < 1 || bytes > 2 ** 44)
    throw new EngineSettingError('kvCacheMemoryBytes', 'must be a number of bytes, as 6442450944 or 6G');
  return bytes;
}

const DECIMAL: Readonly<Record<string, number>> = { k: 1e3, m: 1e6, g: 1e9, t: 1e12 };
const BINARY: Readonly<Record<string, number>> = { K: 1024, M: 1024 ** 2, G: 1024 ** 3, T: 1024 ** 4 };

function humanNumber(value: unknown): number | null {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? value : null;
  if (typeof value !== 'string') return null;
  const match = /^(\d{1,15})(\.\d{1,6})?([kmgtKMGT])?$/.exec(value.trim());
  if (match === null) return null;
  const [, whole = '', fraction = '', suffix] = match;
  const factor = suffix === undefined ? 1 : (DECIMAL[suffix] ?? BINARY[suffix] ?? 1);
  return Math.floor(Number(`${whole}${fraction}`) * factor);
}

/** Profiles are YAML: a flag may be a number or its text. */
class SettingsReader {
  constructor(private readonly settings: EngineSettings) {}

  integer(name: string, min: number, max: number): number | null {
    const value = this.number(name, min, max);
    if (value !== null && !Number.isInteger(value)) throw new EngineSettingError(name, 'must be a whole number');
    return value;
  }

  fraction(name: string): number | null {
    const value = this.number(name, 0, 1);
    if (value === 0) throw new EngineSettingError(name, 'must be above 0');
    return value;
  }

  number(name: string, min: number, max: number): number | null {
    const value = this.settings[name];
    if (value === undefined) return null;
    const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
    if (typeof number !== 'number' || !Number.isFinite(number) || number < min || number > max)
      throw new EngineSettingError(name, `must be a number from ${min} to ${max}`);
    return number;
  }

  flag(name: string): boolean | null {
    const value = this.settings[name];
    if (value === undefined) return null;
    if (typeof value !== 'boolean') throw new EngineSettingError(name, 'must be true or false');
    return value;
  }

  text(name: string): string | null {
    const value = this.settings[name];
    if (value === undefined) return null;
    if (typeof value !== 'string') throw new EngineSettingError(name, 'must be a text');
    return value;
  }
}
