import { ModelConfigError, type ConfigReader } from './config-reader';

/** How linear layers are stored, and what runs them. */
export interface LinearFormat {
  method: string;
  /** Bits a weight, without scales. */
  bits: number;
  /** Weights that share a scale; null when a whole channel or tensor does. */
  groupSize: number | null;
  /** Zero points beside the scales. */
  zeroPoints: boolean;
  /** Only the experts of a mixture, as MXFP4 checkpoints have it. */
  expertsOnly: boolean;
}

const BITS: Readonly<Record<string, number>> = {
  awq: 4,
  awq_marlin: 4,
  gptq: 4,
  gptq_marlin: 4,
  'auto-round': 4,
  auto_round: 4,
  inc: 4,
  autoround: 4,
  bitsandbytes: 4,
  mxfp4: 4,
  gpt_oss_mxfp4: 4,
  nvfp4: 4,
  modelopt_fp4: 4,
  modelopt: 8,
  fp8: 8,
  fbgemm_fp8: 8,
  'compressed-tensors': 4,
  compressed_tensors: 4,
  gguf: 4,
  hqq: 4,
  experts_int8: 8,
};

/** Reads `quantization_config`. @throws ModelConfigError */
export function readQuantization(config: ConfigReader): LinearFormat | null {
  const block = config.object('quantization_config') ?? config.object('compression_config');
  if (block === null) return null;
  const method = (block.text('quant_method') ?? block.text('quant_algo') ?? '').toLowerCase();
  if (method === '') throw new ModelConfigError('quantization_config.quant_method', 'is missing');
  const scheme = compressedScheme(block) ?? modeloptScheme(block);
  const bits =
    block.integer(['bits', 'w_bit', 'weight_bits'], 32) ??
    (block.flag('load_in_8bit') === true ? 8 : null) ??
    scheme?.bits ??
    BITS[method] ??
    8;
  return {
    method: scheme?.method ?? method,
    bits,
    groupSize: groupSize(block) ?? scheme?.groupSize ?? usualGroupSize(method, bits),
    zeroPoints: block.flag('zero_point') ?? (method.startsWith('awq') && bits === 4),
    expertsOnly: method.includes('mxfp4') || method === 'experts_int8',
  };
}

/** `--quantization` of an engine: null where the checkpoint itself says how it is stored. */
export function onTheFly(flag: string | null): LinearFormat | null {
  if (flag === null) return null;
  const method = flag.toLowerCase();
  if (method === 'fp8' || method.startsWith('fp8_'))
    return { method: 'fp8', bits: 8, groupSize: null, zeroPoints: false, expertsOnly: false };
  if (method === 'bitsandbytes') return { method, bits: 4, groupSize: 64, zeroPoints: false, expertsOnly: false };
  if (method === 'experts_int8') return { method, bits: 8, groupSize: null, zeroPoints: false, expertsOnly: true };
  return null;
}

/** Bytes of one weight in a linear layer, with its share of the scales. */
export function bytesPerWeight(format: LinearFormat): number {
  const scale = scaleBytes(format);
  const zero = format.zeroPoints && format.groupSize !== null ? format.bits / 8 / format.groupSize : 0;
  return format.bits / 8 + scale + zero;
}

function scaleBytes({ method, groupSize }: LinearFormat): number {
  if (groupSize === null) return 0;
  const oneScale = method.includes('fp4') ? 1 : method === 'fp8' ? 4 / groupSize : 2;
  return oneScale / groupSize;
}

function usualGroupSize(method: string, bits: number): number | null {
  if (method.includes('mxfp4')) return 32;
  if (method.includes('fp4')) return 16;
  return bits === 4 ? 128 : null;
}

function groupSize(block: ConfigReader): number | null {
  const size = block.integer(['group_size', 'q_group_size'], 65_536, -1);
  if (size !== null) return size > 0 ? size : null;
  const blocks = block.integers('weight_block_size');
  return blocks?.[0] ?? null;
}

/** compressed-tensors says it in `config_groups.*.weights`. */
function compressedScheme(block: ConfigReader): Pick<LinearFormat, 'method' | 'bits' | 'groupSize'> | null {
  const weights = block.object('config_groups')?.object('group_0')?.object('weights') ?? null;
  if (weights === null) return null;
  const bits = weights.integer('num_bits', 32) ?? 8;
  const float = weights.text('type') === 'float';
  const method = float ? (bits === 4 ? 'nvfp4' : 'fp8') : 'compressed-tensors';
  return { method, bits, groupSize: groupSize(weights) };
}

/** ModelOpt says it in `quant_algo`. */
function modeloptScheme(block: ConfigReader): Pick<LinearFormat, 'method' | 'bits' | 'groupSize'> | null {
  const algorithm = (block.text('quant_algo') ?? block.object('quantization')?.text('quant_algo') ?? '').toUpperCase();
  if (algorithm === '') return null;
  if (algorithm.includes('FP4')) return { method: 'nvfp4', bits: 4, groupSize: 16 };
  return algorithm.includes('FP8') ? { method: 'fp8', bits: 8, groupSize: null } : null;
}
