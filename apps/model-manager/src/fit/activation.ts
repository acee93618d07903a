import type { EnginePlan } from './engine-plan';
import { isFp8 } from './kv/kv-dtype';
import type { ModelShape } from './model/model-shape';
import { GIB, MIB, type Range } from './units';

/**
 * What a boot takes beside weights and cache. vLLM runs the encoder once with the largest images, then the model with as
 * many tokens as a step may have, then the sampler for every sequence; the peak counts.
 *
 * The constants stand for what the shapes do not tell. They are from public boot logs that print the parts (weights,
 * consumed, peak activation, graphs); `calibrate.spec.ts` checks that each half of the boots predicts the other.
 */
const CONSTANTS = {
  /** Triton's benchmarks clear the cache of the card with a buffer of 256 MB while kernels are compiled. */
  compileBase: 256 * MIB,
  /** Compiling holds some copies of the widest layer's outputs; with a warm cache none: 0.11 against 0.80 GiB (Qwen3-4B). */
  compileCopies: 3,
  /** Copies of the logits in float32 that the sampler holds beside the 16-bit ones. */
  samplerCopies: 1.5,
  /** Linear-attention kernels are tuned while the model is first run: 0.7 against 1.9 GiB (Qwen3.5-4B). */
  hybridTuning: 0.8 * GIB,
  /**
   * What each patch takes in an encoder with rotary attention, in hidden sizes: whole on every GPU, and split over them.
   * From the peaks of Qwen3.5-4B on one GPU (2.17 GiB), Qwen3.6-35B-A3B and Qwen3.8-27B on two (1.54 and 1.59 GiB), each
   * with one image of 65,536 patches.
   */
  rotaryPatch: { whole: 4.7, split: 12.7 },
  /** Of the encoder's peak, as calculated below, what boots with a warm cache show. */
  encoderLow: 0.75,
  /** Estimates of CUDA graphs come out at about this part of what the graphs take at most. */
  graphsCounted: 0.6,
} as const;

/** cuBLAS, kernels that are loaded, and (with more than one GPU) NCCL's buffers. They count against the budget. */
const RUNTIME: Readonly<Record<'single' | 'parallel', Range>> = {
  single: { low: 0.15 * GIB, high: 0.45 * GIB },
  parallel: { low: 0.25 * GIB, high: 0.85 * GIB },
};
/** FlashInfer's workspace; it runs the 8-bit cache on cards before Hopper. */
const FLASHINFER_WORKSPACE = 394 * MIB;

export function runtimeBytes(engine: EnginePlan): Range {
  const parallel = engine.tensorParallelSize * engine.pipelineParallelSize > 1;
  const { low, high } = RUNTIME[parallel ? 'parallel' : 'single'];
  return { low, high: high + (isFp8(engine.kvCacheDtype) ? FLASHINFER_WORKSPACE * 0.25 : 0) }; // not every version takes it
}

/** Peak of the profile run over what stays. Low: kernels compiled before; high: compiled now. */
export function activationBytes(shape: ModelShape, engine: EnginePlan): Range {
  const forward = forwardBytes(shape, engine);
  const logits = engine.maxNumSeqs * shape.vocabularySize;
  const sampler = logits * (2 + 4 * CONSTANTS.samplerCopies);
  const encoder = engine.languageModelOnly ? 0 : encoderBytes(shape, engine);
  const compiled = engine.eager
    ? 0
    : CONSTANTS.compileBase +
      CONSTANTS.compileCopies * forward.widest +
      (shape.states.length > 0 ? CONSTANTS.hybridTuning : 0);
  return {
    low: Math.max(forward.peak * 0.5, encoder * CONSTANTS.encoderLow),
    high: Math.max(forward.peak + sampler + compiled, encoder * 1.1),
  };
}

/** CUDA graphs as far as they cost the cache: some versions leave them outside of the budget. */
export function countedGraphs({ high }: Range): Range {
  return { low: 0, high: high * CONSTANTS.graphsCounted };
}

/** One step with the most tokens: the stream of hidden states, and the outputs of the widest layer. */
function forwardBytes(shape: ModelShape, engine: EnginePlan): { peak: number; widest: number } {
  const tp = engine.tensorParallelSize;
  const width = engine.dtype === 'float32' ? 4 : 2;
  const tokens = engine.maxNumBatchedTokens;
  const dense = (3 * (shape.intermediateSize ?? 0)) / tp;
  const mixture = shape.experts;
  const routed = mixture === null ? 0 : mixture.perToken * ((3 * mixture.intermediateSize) / tp + shape.hiddenSize);
  const attended = ((shape.queryHeads + 2 * shape.kvHeads) * shape.headSize) / tp;
  const linear = shape.states.reduce(
    (most, { conv, recurrent, heads }) =>
      Math.max(
        most,
        (3 * (conv?.channels ?? 0) + (recurrent === null ? 0 : recurrent.elements / Math.max(1, heads) / 4)) / tp,
      ),
    0,
  );
  const widest = tokens * Math.max(dense, routed, attended, linear) * width;
  return { peak: 4 * tokens * shape.hiddenSize * width + widest, widest };
}

/**
 * The encoder with the largest images that one step takes: two hidden states and the MLP's outputs of every patch; where
 * the attention is rotary, its queries, keys and their turned copies are more.
 */
function encoderBytes({ vision, hiddenSize }: ModelShape, engine: EnginePlan): number {
  if (vision === null) return 0;
  const tokens = Math.max(engine.maxNumBatchedTokens, vision.maxTokensPerItem);
  const patches = tokens * vision.patchesPerToken;
  const { whole, split } = CONSTANTS.rotaryPatch;
  const { tensorParallelSize: tp } = engine;
  const elements = vision.rotary
    ? vision.hiddenSize * (whole + split / tp)
    : 2 * vision.hiddenSize + vision.intermediateSize / tp;
  const perPatch = elements * 2;
  return patches * perPatch + tokens * hiddenSize * 2;
}

/** Sizes of batches that vLLM captures graphs for by default: 1, 2, 4, then steps of 8 and of 16. */
function capturedGraphs({ maxNumSeqs, speculativeTokens }: EnginePlan): number {
  const largest = Math.min(512, maxNumSeqs * (1 + speculativeTokens) * 2);
  return 3 + Math.floor(Math.min(largest, 256) / 8) + Math.max(0, Math.floor((largest - 256) / 16));
}

/**
 * CUDA graphs, as estimated before the cache is sized. Released versions count them against the budget (0.21 and later;
 * 0.25 to 0.28 with the newer runner do not): the low end of what the budget loses is none at all.
 */
export function graphBytes(shape: ModelShape, engine: EnginePlan): Range {
  if (engine.eager) return { low: 0, high: 0 };
  const perGraph = (4 + shape.layers * 0.12) * MIB * Math.min(1.2, 0.6 + shape.hiddenSize / 8_192);
  const high = 0.1 * GIB + capturedGraphs(engine) * perGraph * 0.75;
  return { low: 0.05 * GIB, high: Math.min(high, 1.2 * GIB) };
}
