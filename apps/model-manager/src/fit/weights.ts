import type { EnginePlan } from './engine-plan';
import { bytesPerWeight } from './model/quantization';
import type { ModelShape, ParameterCounts } from './model/model-shape';
import { GIB, roundUp, type Range } from './units';

/**
 * Allocations above a few MiB take whole blocks of 2 MiB (PyTorch's caching allocator), and Marlin keeps its
 * workspaces: Qwen3-14B-AWQ has 9.29 GiB of tensors and takes 9.44, unquantized Qwen3-14B 27.51 and takes 27.52.
 */
const OVERHEAD: Readonly<Record<'plain' | 'quantized', Range>> = {
  plain: { low: 0, high: 0.004 },
  quantized: { low: 0, high: 0.018 },
};
/** How far sizes from the dimensions alone may be off: biases, unusual layers, what a quantizer left at 16 bits. */
const UNCERTAIN: Readonly<Record<'plain' | 'quantized', number>> = { plain: 0.02, quantized: 0.06 };

/** Bytes of each part as it lies on the GPUs, all of them together. */
type ByteCounts = ParameterCounts;

/** Weights on each GPU of the engine, as vLLM's "Model loading took" says it. */
export function weightsPerGpu(shape: ModelShape, engine: EnginePlan): Range {
  const bytes = loadedBytes(shape, engine);
  const onGpu = perGpu(bytes, shape, engine);
  const fixed = shape.rotaryCacheBytes + loraBytes(shape, engine);
  const kind = engine.format === null ? 'plain' : 'quantized';
  const doubt = shape.checkpointBytes === null ? UNCERTAIN[kind] : 0;
  // Layers for multi-token prediction are often left at 16 bits, and may be missing from the checkpoint.
  const mtp = engine.speculativeTokens > 0 ? 0 : (bytes.mtp * 0.5) / engine.tensorParallelSize;
  return {
    low: Math.max(0, onGpu * (1 + OVERHEAD[kind].low - doubt) - mtp * 0.2 + fixed - engine.cpuOffloadBytes),
    high: Math.max(0, onGpu * (1 + OVERHEAD[kind].high + doubt) + mtp + fixed - engine.cpuOffloadBytes),
  };
}

/** The parts on one GPU: what is split, what is whole on each, and K and V of which each holds one head at least. */
function perGpu(bytes: ByteCounts, shape: ModelShape, engine: EnginePlan): number {
  const { tensorParallelSize: tp, pipelineParallelSize: stages } = engine;
  const stage = Math.ceil(shape.layers / stages) / shape.layers;
  const keyValueShare = Math.max(1 / tp, 1 / Math.max(1, shape.kvHeads));
  const padded = engine.format?.method.includes('mxfp4') === true ? mxfp4Padding(shape, tp) : 1;
  const vocabulary = stages === 1 ? bytes.vocabulary : bytes.vocabulary / 2;
  const vision = engine.languageModelOnly ? 0 : bytes.vision;
  const mtp = engine.speculativeTokens > 0 ? bytes.mtp : 0;
  return (
    (vocabulary + vision + mtp) / tp +
    stage * ((bytes.linear + bytes.experts * padded) / tp + bytes.keyValue * keyValueShare + bytes.replicated)
  );
}

/**
 * The parts in bytes. Where the checkpoint's size is known it decides, and the dimensions only say how it divides:
 * the linear layers and experts take what the other parts leave.
 */
function loadedBytes(shape: ModelShape, engine: EnginePlan): ByteCounts {
  const width = engine.dtype === 'float32' ? 4 : 2;
  const { parameters: count } = shape;
  const format = engine.format;
  const weight = format === null ? width : bytesPerWeight(format);
  const linear = format?.expertsOnly === true ? width : weight;
  const fromShape: ByteCounts = {
    vocabulary: count.vocabulary * width,
    linear: count.linear * linear,
    keyValue: count.keyValue * linear,
    experts: count.experts * weight,
    replicated: count.replicated * width,
    vision: count.vision * width,
    mtp: count.mtp * width,
  };
  if (shape.checkpointBytes === null || engine.quantizedOnLoad) return fromShape;
  const stored = shape.checkpointBytes * castFactor(shape, width);
  const fixed = fromShape.vocabulary + fromShape.replicated + fromShape.vision + fromShape.mtp;
  const layers = fromShape.linear + fromShape.keyValue + fromShape.experts;
  const left = stored - fixed;
  // A size that even the parts outside of the layers do not fit in is taken as it is, in proportion.
  if (left < layers * 0.4) return scale(fromShape, stored / (fixed + layers));
  const factor = left / layers;
  return {
    ...fromShape,
    linear: fromShape.linear * factor,
    keyValue: fromShape.keyValue * factor,
    experts: fromShape.experts * factor,
  };
}

/** An unquantized checkpoint in float32 takes half on the GPU when vLLM casts it to 16 bits. */
function castFactor(shape: ModelShape, width: number): number {
  if (shape.quantization !== null || shape.checkpointBytes === null) return 1;
  const parameters = Object.values<number>({ ...shape.parameters }).reduce((total, part) => total + part, 0);
  const stored = shape.checkpointBytes / parameters > 2.9 ? 4 : 2;
  return width / stored;
}

function scale(bytes: ByteCounts, factor: number): ByteCounts {
  return {
    vocabulary: bytes.vocabulary * factor,
    linear: bytes.linear * factor,
    keyValue: bytes.keyValue * factor,
    experts: bytes.experts * factor,
    replicated: bytes.replicated * factor,
    vision: bytes.vision * factor,
    mtp: bytes.mtp * factor,
  };
}

/** Marlin and TensorRT-LLM want the hidden size in steps of 256 and each GPU's part of an expert in steps of 128. */
function mxfp4Padding({ hiddenSize, experts }: ModelShape, tp: number): number {
  if (experts === null) return 1;
  const share = experts.intermediateSize / tp;
  return (roundUp(hiddenSize, 256) * roundUp(share, 128)) / (hiddenSize * share);
}

/**
 * A and B matrices of every linear layer for each slot, in 16 bits. vLLM holds A whole for each part of a merged layer;
 * a fifth more is what Qwen3-4B takes a slot (0.077 GiB at rank 16).
 */
function loraBytes(shape: ModelShape, engine: EnginePlan): number {
  if (engine.loraSlots === 0) return 0;
  const { hiddenSize: hidden, queryHeads, headSize, kvHeads, layers } = shape;
  const tp = engine.tensorParallelSize;
  const intermediate = shape.intermediateSize ?? 0;
  const inputs = 6 * hidden + (queryHeads * headSize + intermediate) / tp;
  const outputs = (queryHeads * headSize + 2 * kvHeads * headSize + 2 * intermediate) / tp + 2 * hidden;
  return engine.loraSlots * engine.loraRank * layers * (inputs + outputs) * 2 * 1.2;
}

/** For messages: the smallest that the weights can be. */
export const weightsGib = (weights: Range): string => (weights.low / GIB).toFixed(2);
