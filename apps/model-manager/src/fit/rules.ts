import type { EnginePlan } from './engine-plan';
import type { GpuFigures } from './gpu-figures';
import { isFp8, slotSize } from './kv/kv-dtype';
import type { ModelShape } from './model/model-shape';
import { thousands } from './units';

/** What vLLM refuses at the start whatever the memory; null when nothing. One sentence. */
export function refusal(shape: ModelShape, engine: EnginePlan, gpus: readonly GpuFigures[]): string | null {
  const capability = Math.min(...gpus.map(({ computeCapability }) => computeCapability));
  const card = gpus.find(({ computeCapability }) => computeCapability === capability)?.name ?? 'this card';
  return (
    parallelism(shape, engine) ??
    dtypes(shape, engine, capability, card) ??
    weightFormat(engine, capability, card) ??
    cacheFormat(shape, engine, capability, card) ??
    contextLength(shape, engine)
  );
}

/** What runs, but not as the name promises. */
export function remarks(shape: ModelShape, engine: EnginePlan, gpus: readonly GpuFigures[]): string[] {
  const capability = Math.min(...gpus.map(({ computeCapability }) => computeCapability));
  const notes: string[] = [];
  const method = engine.format?.method ?? '';
  if (method === 'fp8' && capability < 8.9)
    notes.push('FP8 weights run weight-only through Marlin here: they save memory, but compute stays at 16 bits.');
  if (method.includes('nvfp4') && capability < 10)
    notes.push('NVFP4 weights run weight-only through Marlin here: they save memory, but compute stays at 16 bits.');
  if (isFp8(engine.kvCacheDtype) && capability < 8.9)
    notes.push('An 8-bit float KV cache works here only through FlashInfer, which vLLM then chooses.');
  if (engine.tensorParallelSize > shape.kvHeads && shape.kvHeads > 0 && shape.attention.length > 0)
    notes.push(
      `The model has ${shape.kvHeads} KV heads: with tensor parallel size ${engine.tensorParallelSize} some are held twice, so the KV cache does not shrink further.`,
    );
  if (shape.unsupported !== null) notes.push(`${shape.unsupported}.`);
  return notes;
}

function parallelism(
  shape: ModelShape,
  { tensorParallelSize: tp, pipelineParallelSize: stages }: EnginePlan,
): string | null {
  if (shape.queryHeads % tp !== 0)
    return `Total number of attention heads (${shape.queryHeads}) must be divisible by tensor parallel size (${tp}): vLLM refuses to start.`;
  const kvHeads = shape.attention.filter(({ kind }) => kind !== 'mla').map((layers) => layers.kvHeads);
  const uneven = kvHeads.find((heads) => heads % tp !== 0 && tp % heads !== 0);
  if (uneven !== undefined)
    return `The ${uneven} KV heads can neither be divided by tensor parallel size ${tp} nor divide it: vLLM refuses to start.`;
  const state = shape.states.find(({ heads }) => heads % tp !== 0);
  if (state !== undefined)
    return `The ${state.heads} heads of the linear-attention layers cannot be divided by tensor parallel size ${tp}: vLLM refuses to start.`;
  const size = shape.intermediateSize;
  if (size !== null && size % tp !== 0)
    return `The intermediate size (${size}) must be divisible by tensor parallel size (${tp}): vLLM refuses to start.`;
  if (stages > shape.layers) return `The model has ${shape.layers} layers, fewer than ${stages} pipeline stages.`;
  return null;
}

/** Gemma's activations overflow float16 (vLLM's `_FLOAT16_NOT_SUPPORTED_MODELS`). */
const NEEDS_BFLOAT16 = /^(gemma2|gemma3|gemma3_text|glm4|plamo2)$/;

function dtypes(shape: ModelShape, engine: EnginePlan, capability: number, card: string): string | null {
  if (engine.dtype === 'bfloat16' && capability < 8)
    return `bfloat16 needs a GPU of compute capability 8.0 or more, and ${card} has ${capability.toFixed(1)}: use dtype float16.`;
  if (engine.dtype === 'float16' && NEEDS_BFLOAT16.test(shape.modelType))
    return `${shape.modelType} overflows in float16, and vLLM refuses it: use dtype bfloat16.`;
  return null;
}

/** The least compute capability for each weight format (`get_min_capability` of vLLM's quantization methods). */
function weightFormat({ format }: EnginePlan, capability: number, card: string): string | null {
  if (format === null) return null;
  const least = /fp4|fp8/.test(format.method)
    ? 7.5
    : /awq|compressed/.test(format.method)
      ? 7.5
      : /gptq/.test(format.method)
        ? 6.0
        : 7.0;
  if (capability >= least) return null;
  return `${format.method} weights need a GPU of compute capability ${least.toFixed(1)} or more, and ${card} has ${capability.toFixed(1)}.`;
}

function cacheFormat(shape: ModelShape, engine: EnginePlan, capability: number, card: string): string | null {
  const dtype = engine.kvCacheDtype;
  if (slotSize(dtype, engine.dtype) === null) return `"${dtype.slice(0, 40)}" is no KV cache dtype that vLLM knows.`;
  const has = `${card} has compute capability ${capability.toFixed(1)}`;
  const latent = shape.attention.some(({ kind }) => kind === 'mla');
  if (isFp8(dtype)) {
    if (capability < 8)
      return `An FP8 KV cache needs compute capability 8.0 or more, and ${has}: use kvCacheDtype auto.`;
    if (latent && capability < 8.9)
      return `An FP8 KV cache of latent attention needs compute capability 8.9 or more, and ${has}: use kvCacheDtype auto.`;
    if (shape.modelType === 'gpt_oss' && capability < 9)
      return `The attention sinks of gpt-oss rule FlashInfer out before Hopper, so an FP8 KV cache does not work (${has}): use kvCacheDtype auto.`;
  }
  if (dtype === 'fp8_per_token_head' && capability < 8.9)
    return `fp8_per_token_head computes in FP8, which needs compute capability 8.9, and ${has}: use int8_per_token_head.`;
  if (dtype.startsWith('nvfp4') && capability < 10)
    return `An NVFP4 KV cache needs compute capability 10.0 or more, and ${has}: use fp8 or int8_per_token_head.`;
  if (latent && dtype.endsWith('_per_token_head'))
    return `${dtype} does not work with latent attention: use kvCacheDtype auto.`;
  return null;
}

function contextLength(shape: ModelShape, { maxModelLen }: EnginePlan): string | null {
  if (maxModelLen === 'auto' || shape.maxPositions === null || maxModelLen <= shape.maxPositions) return null;
  return `maxModelLen ${thousands(maxModelLen)} is greater than the ${thousands(shape.maxPositions)} that the model's config.json allows: vLLM refuses to start.`;
}
