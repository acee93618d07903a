import { activationBytes, countedGraphs, graphBytes, runtimeBytes } from './activation';
import type { EnginePlan } from './engine-plan';
import type { MeasuredBoot } from './fit-model';
import { CONTEXT_BYTES, type GpuFigures } from './gpu-figures';
import type { ModelShape } from './model/model-shape';
import { exactly, GIB, middle, subtract, sum, type Range } from './units';
import { weightsPerGpu } from './weights';

/** One GPU of an engine, in bytes. */
export interface GpuMemory {
  gpu: GpuFigures;
  budget: number;
  weights: Range;
  activation: Range;
  graphs: Range;
  runtime: Range;
  outside: Range;
  kvCache: Range;
}

/**
 * A prediction is no wider than this about its middle: 0.7 GiB, or 8 % where that is more. One configuration booted
 * twice on one card gave 9.10 and 10.33 GiB, with a cold and with a warm compile cache; wider would be of no use.
 */
const WIDEST_BYTES = 0.7 * GIB;
const WIDEST_PART = 0.08;
/** With a boot of the same engine at hand: what two boots with the same compile cache differ by. */
const MEASURED_PART = 0.015;

export function gpuMemory(
  shape: ModelShape,
  engine: EnginePlan,
  gpu: GpuFigures,
  measured: MeasuredBoot | null,
): GpuMemory {
  const budget = Math.ceil(gpu.totalBytes * engine.utilisation);
  const parts =
    measured === null
      ? {
          weights: weightsPerGpu(shape, engine),
          activation: activationBytes(shape, engine),
          graphs: graphBytes(shape, engine),
          runtime: runtimeBytes(engine),
        }
      : {
          weights: exactly(measured.weightsBytes),
          activation: exactly(measured.restBytes),
          graphs: exactly(measured.cudaGraphBytes),
          runtime: exactly(0),
        };
  return { gpu, budget, ...parts, outside: CONTEXT_BYTES, kvCache: kvCache(engine, budget, parts, measured) };
}

type Parts = Pick<GpuMemory, 'weights' | 'activation' | 'graphs' | 'runtime'>;

function kvCache(engine: EnginePlan, budget: number, parts: Parts, measured: MeasuredBoot | null): Range {
  if (engine.kvCacheMemoryBytes !== null) return exactly(engine.kvCacheMemoryBytes);
  if (measured !== null) {
    const left = budget - measured.weightsBytes - measured.restBytes;
    const doubt = Math.abs(left) * MEASURED_PART;
    return { low: left - doubt, high: left + doubt };
  }
  const counted = countedGraphs(parts.graphs);
  return narrowed(subtract(budget, sum(parts.weights, parts.activation, parts.runtime, counted)));
}

/**
 * About the same middle, no wider than allowed, and not much narrower: what kernels a version brings, and whether it
 * compiled them before, moves every boot by more than the parts' own figures say.
 */
function narrowed(range: Range): Range {
  const centre = middle(range);
  const allowed = Math.max(WIDEST_BYTES, WIDEST_PART * Math.abs(centre)) * 0.985;
  const half = Math.min(Math.max((range.high - range.low) / 2, 0.95 * allowed), allowed);
  return { low: centre - half, high: centre + half };
}
