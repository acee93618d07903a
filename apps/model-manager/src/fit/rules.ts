import type { EnginePlan } from './engine-plan';
import type { GpuFigures } from './gpu-figures';
import { isFp8, slotSize } from './kv/kv-dtype';
import type { ModelShape } from './model/model-shape';
import { say, type Said } from './say';

/** What vLLM refuses at the start whatever the memory; null when nothing. */
export function refusal(shape: ModelShape, engine: EnginePlan, gpus: readonly GpuFigures[]): Said | null {
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
export function remarks(shape: ModelShape, engine: EnginePlan, gpus: readonly GpuFigures[]): Said[] {
  const capability = Math.min(...gpus.map(({ computeCapability }) => computeCapability));
  const notes: Said[] = [];
  const method = engine.format?.method ?? '';
  if (method === 'fp8' && capability < 8.9) notes.push(say('fp8_weight_only'));
  if (method.includes('nvfp4') && capability < 10) notes.push(say('nvfp4_weight_only'));
  if (isFp8(engine.kvCacheDtype) && capability < 8.9) notes.push(say('fp8_cache_by_flashinfer'));
  if (engine.tensorParallelSize > shape.kvHeads && shape.kvHeads > 0 && shape.attention.length > 0)
    notes.push(say('kv_heads_held_twice', { heads: shape.kvHeads, size: engine.tensorParallelSize }));
  if (shape.unsupported !== null) notes.push(say('of_this_model', { remark: shape.unsupported }));
  return notes;
}

function parallelism(
  shape: ModelShape,
  { tensorParallelSize: tp, pipelineParallelSize: stages }: EnginePlan,
): Said | null {
  if (shape.queryHeads % tp !== 0) return say('heads_not_divisible', { heads: shape.queryHeads, size: tp });
  const kvHeads = shape.attention.filter(({ kind }) => kind !== 'mla').map((layers) => layers.kvHeads);
  const uneven = kvHeads.find((heads) => heads % tp !== 0 && tp % heads !== 0);
  if (uneven !== undefined) return say('kv_heads_not_divisible', { heads: uneven, size: tp });
  const state = shape.states.find(({ heads }) => heads % tp !== 0);
  if (state !== undefined) return say('state_heads_not_divisible', { heads: state.heads, size: tp });
  const intermediate = shape.intermediateSize;
  if (intermediate !== null && intermediate % tp !== 0)
    return say('intermediate_not_divisible', { intermediate, size: tp });
  if (stages > shape.layers) return say('too_many_stages', { layers: shape.layers, stages });
  return null;
}

/** Gemma's activations overflow float16 (vLLM's `_FLOAT16_NOT_SUPPORTED_MODELS`). */
const NEEDS_BFLOAT16 = /^(gemma2|gemma3|gemma3_text|glm4|plamo2)$/;

function dtypes(shape: ModelShape, engine: EnginePlan, capability: number, card: string): Said | null {
  if (engine.dtype === 'bfloat16' && capability < 8)
    return say('bfloat16_not_on_card', { card, hasCapability: capability });
  if (engine.dtype === 'float16' && NEEDS_BFLOAT16.test(shape.modelType))
    return say('float16_overflows', { modelType: shape.modelType });
  return null;
}

/** The least compute capability for each weight format (`get_min_capability` of vLLM's quantization methods). */
function weightFormat({ format }: EnginePlan, capability: number, card: string): Said | null {
  if (format === null) return null;
  const least = /fp4|fp8/.test(format.method)
    ? 7.5
    : /awq|compressed/.test(format.method)
      ? 7.5
      : /gptq/.test(format.method)
        ? 6.0
        : 7.0;
  if (capability >= least) return null;
  return say('weights_not_on_card', {
    format: format.method,
    leastCapability: least,
    card,
    hasCapability: capability,
  });
}

function cacheFormat(shape: ModelShape, engine: EnginePlan, capability: number, card: string): Said | null {
  const dtype = engine.kvCacheDtype;
  if (slotSize(dtype, engine.dtype) === null) return say('cache_dtype_unknown', { dtype: dtype.slice(0, 40) });
  const has = { card, hasCapability: capability };
  const latent = shape.attention.some(({ kind }) => kind === 'mla');
  if (isFp8(dtype)) {
    if (capability < 8) return say('fp8_cache_not_on_card', has);
    if (latent && capability < 8.9) return say('fp8_latent_cache_not_on_card', has);
    if (shape.modelType === 'gpt_oss' && capability < 9) return say('fp8_cache_with_sinks', has);
  }
  if (dtype === 'fp8_per_token_head' && capability < 8.9) return say('fp8_per_head_cache_not_on_card', has);
  if (dtype.startsWith('nvfp4') && capability < 10) return say('nvfp4_cache_not_on_card', has);
  if (latent && dtype.endsWith('_per_token_head')) return say('per_head_cache_with_latent', { dtype });
  return null;
}

function contextLength(shape: ModelShape, { maxModelLen }: EnginePlan): Said | null {
  if (maxModelLen === 'auto' || shape.maxPositions === null || maxModelLen <= shape.maxPositions) return null;
  return say('context_over_model', { askedTokens: maxModelLen, mostTokens: shape.maxPositions });
}
