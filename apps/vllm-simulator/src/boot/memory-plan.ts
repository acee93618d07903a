import type { SimulatorConfig } from '../config';
import type { ServeOptions } from '../cli/serve-options';

const GIB = 1024 ** 3;
/** What CUDA calls the whole memory of an RTX 3090, and what of it is free on an idle card, in GiB (measured). */
export const GPU_TOTAL_GIB = 23.56;
export const GPU_FREE_GIB = 23.05;
/** Activation peak with a warm compile cache, and memory outside PyTorch, in GiB (boots on RTX 3090 and 4090). */
const ACTIVATION_GIB = 0.5;
const NON_TORCH_GIB = 0.3;

/** Dimensions of a dense model of about this size: billions of parameters and KV bytes a token at 16 bits. */
interface ModelSize {
  readonly upToBillions: number;
  readonly kvBytesPerToken: number;
  readonly layers: number;
  readonly attentionHeads: number;
}

/** Qwen2.5 and Qwen3: layers x KV heads x 128 x (K and V) x 2 bytes. */
const SIZES: readonly ModelSize[] = [
  { upToBillions: 0.7, kvBytesPerToken: 12_288, layers: 24, attentionHeads: 16 },
  { upToBillions: 2, kvBytesPerToken: 28_672, layers: 28, attentionHeads: 12 },
  { upToBillions: 4.5, kvBytesPerToken: 147_456, layers: 36, attentionHeads: 32 },
  { upToBillions: 9, kvBytesPerToken: 147_456, layers: 36, attentionHeads: 32 },
  { upToBillions: 16, kvBytesPerToken: 196_608, layers: 48, attentionHeads: 40 },
  { upToBillions: 40, kvBytesPerToken: 262_144, layers: 64, attentionHeads: 40 },
  { upToBillions: Infinity, kvBytesPerToken: 327_680, layers: 80, attentionHeads: 64 },
];
const UNNAMED_BILLIONS = 0.5;
/** "14B" has 14.77, and each GPU of two holds 13.95 GiB of it: the embeddings are not split evenly. */
const NAME_UNDERSTATES = 1.07;

/** Why the engine cannot start, in vLLM's words. */
export type BootFailure =
  { readonly kind: 'config'; readonly message: string } | { readonly kind: 'engine'; readonly message: string };

export interface MemoryPlan {
  readonly weightsGib: number;
  readonly kvCacheGib: number;
  readonly kvCacheTokens: number;
  readonly maxModelLen: number;
  /** What nvidia-smi shows for each GPU of the engine once it runs, in MiB. */
  readonly usedMib: number;
}

/** "…-14B-…" has 14 billion parameters; a name without a size is a small model. */
export function billionsOf(model: string): number {
  const match = /(?:^|[-_/.])(\d+(?:\.\d+)?)[bB](?![a-zA-Z0-9])/.exec(model);
  return match === null ? UNNAMED_BILLIONS : Number(match[1]);
}

/** Bytes a parameter: 16 bits unless the name or --quantization says less (with what AWQ and GPTQ keep beside it). */
function bytesPerParameter(model: string, quantization: string | null): number {
  const hint = `${model} ${quantization ?? ''}`.toLowerCase();
  if (/awq|gptq|int4|w4a16|4bit|nvfp4|mxfp4/.test(hint)) return 0.72;
  if (/fp8|int8|w8a8|8bit/.test(hint)) return 1.1;
  return 2;
}

const gib = (value: number): string => String(Math.round(value * 100) / 100);

/**
 * What a plan for this model, these flags and two RTX 3090 comes to, or why it cannot be.
 * `heldMib`: what other engines hold on the fullest of its GPUs.
 */
export function planMemory(options: ServeOptions, config: SimulatorConfig, heldMib = 0): MemoryPlan | BootFailure {
  const billions = billionsOf(options.model);
  const size = SIZES.find(({ upToBillions }) => billions <= upToBillions) ?? SIZES[0];
  if (size === undefined) throw new Error('the table of sizes is empty');
  const tp = options.tensorParallelSize;
  if (tp > config.visibleGpus.length) {
    const counts = `World size (${tp}) is larger than the number of available GPUs (${config.visibleGpus.length}) in this node.`;
    return { kind: 'config', message: `${counts} If this is intentional and you are using:` };
  }
  if (size.attentionHeads % tp !== 0) {
    const message = `Total number of attention heads (${size.attentionHeads}) must be divisible by tensor parallel size (${tp}).`;
    return { kind: 'config', message };
  }
  const asked = options.maxModelLen ?? config.modelMaxLen;
  if (asked > config.modelMaxLen) {
    const message =
      `User-specified max_model_len (${asked}) is greater than the derived max_model_len ` +
      `(max_position_embeddings=${config.modelMaxLen}.0 or model_max_length=None in model's config.json). ` +
      'To allow overriding this maximum, set the env var VLLM_ALLOW_LONG_MAX_MODEL_LEN=1. VLLM_ALLOW_LONG_MAX_MODEL_LEN ' +
      'must be used with extreme caution.';
    return { kind: 'config', message };
  }
  const budgetGib = GPU_TOTAL_GIB * options.gpuMemoryUtilization;
  const freeGib = GPU_FREE_GIB - heldMib / 1024;
  if (budgetGib > freeGib) {
    const message =
      `Free memory on device cuda:0 (${gib(freeGib)}/${gib(GPU_TOTAL_GIB)} GiB) on startup is less than desired GPU ` +
      `memory utilization (${options.gpuMemoryUtilization}, ${gib(budgetGib)} GiB). Decrease GPU memory utilization or reduce ` +
      'GPU memory used by other processes.';
    return { kind: 'engine', message };
  }
  const weightsGib =
    (billions * NAME_UNDERSTATES * 1e9 * bytesPerParameter(options.model, options.quantization)) / GIB / tp;
  const fixedKv = options.kvCacheMemoryBytes === null ? null : options.kvCacheMemoryBytes / GIB;
  const kvCacheGib = fixedKv ?? budgetGib - weightsGib - ACTIVATION_GIB - NON_TORCH_GIB;
  if (kvCacheGib <= 0) return noCacheBlocks();
  const bytesPerToken = (size.kvBytesPerToken * (options.kvCacheDtype.startsWith('fp8') ? 0.5 : 1)) / tp;
  const blocks = Math.floor((kvCacheGib * GIB) / (bytesPerToken * 16));
  const kvCacheTokens = blocks * 16;
  const maxModelLen = asked === -1 ? Math.min(config.modelMaxLen, kvCacheTokens) : asked;
  if (maxModelLen > kvCacheTokens) {
    if (options.maxModelLen === null) return plan(weightsGib, kvCacheGib, kvCacheTokens, kvCacheTokens, budgetGib);
    return kvTooSmall(maxModelLen, (maxModelLen * bytesPerToken) / GIB, kvCacheGib, kvCacheTokens);
  }
  return plan(weightsGib, kvCacheGib, kvCacheTokens, maxModelLen, budgetGib);
}

function plan(
  weightsGib: number,
  kvCacheGib: number,
  kvCacheTokens: number,
  maxModelLen: number,
  budgetGib: number,
): MemoryPlan {
  // The CUDA context and the graphs come on top of the budget.
  const usedMib = Math.round((budgetGib + 0.4) * 1024);
  return { weightsGib, kvCacheGib, kvCacheTokens, maxModelLen, usedMib };
}

const HELP = 'See https://docs.vllm.ai/en/latest/configuration/conserving_memory/ for more details.';

export const noCacheBlocks = (): BootFailure => ({
  kind: 'engine',
  message:
    'No available memory for the cache blocks. Try increasing `gpu_memory_utilization` when initializing the engine ' +
    `(this flag also controls CPU memory reservation on the CPU backend, despite its name). ${HELP}`,
});

export function kvTooSmall(
  maxModelLen: number,
  neededGib: number,
  availableGib: number,
  estimatedLen: number,
): BootFailure {
  return {
    kind: 'engine',
    message:
      `To serve at least one request with the model's max seq len (${maxModelLen}), (${gib(neededGib)} GiB KV cache is needed, ` +
      `which is larger than the available KV cache memory (${gib(availableGib)} GiB). Based on the available memory, the ` +
      `estimated maximum model length is ${estimatedLen}. Try increasing \`gpu_memory_utilization\` (which also controls CPU ` +
      `memory on the CPU backend) or decreasing \`max_model_len\` when initializing the engine. ${HELP}`,
  };
}
