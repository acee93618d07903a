import type { components } from '../../../api/schema';

export type GpuFit = components['schemas']['GpuFitDto'];

/** What a GPU's memory goes to, in the order of the bar: vLLM's budget first, then what lies outside of it. */
export const PARTS = ['weights', 'running', 'kvCache', 'graphs', 'outside', 'others', 'free'] as const;
export type PartName = (typeof PARTS)[number];

/** Lowest and highest, in GiB. */
export type GibRange = readonly [low: number, high: number];

export interface FitPart {
  name: PartName;
  range: GibRange;
  /** The middle of the range, and never negative: how long the part is drawn. */
  gib: number;
}

export interface FitBarParts {
  parts: FitPart[];
  /** What the whole bar stands for: the card, or more where more is needed. */
  scaleGib: number;
  /** What is needed beyond the card; 0 where the card is enough. */
  overGib: number;
  /** What a KV cache of 0 would still lack; null where there is room for one. */
  missingGib: GibRange | null;
}

const rangeOf = ([low = 0, high = low]: readonly number[]): GibRange => [low, high];
const add = (a: GibRange, b: GibRange): GibRange => [a[0] + b[0], a[1] + b[1]];
const middle = ([low, high]: GibRange): number => (low + high) / 2;
const part = (name: PartName, range: GibRange): FitPart => ({ name, range, gib: Math.max(0, middle(range)) });

/** The parts of one GPU of a fit check, as they are drawn. */
export function fitBarParts(gpu: GpuFit): FitBarParts {
  const kvCache = rangeOf(gpu.kvCacheGib);
  const needed = [
    part('weights', rangeOf(gpu.weightsGib)),
    // To whom the bar speaks, the peak of a step and the libraries' workspaces are one thing: what running takes.
    part('running', add(rangeOf(gpu.activationGib), rangeOf(gpu.runtimeGib))),
    part('kvCache', kvCache),
    part('graphs', rangeOf(gpu.cudaGraphGib)),
    part('outside', rangeOf(gpu.outsideGib)),
  ];
  const othersGib = Math.max(0, gpu.totalGib - gpu.freeGib);
  const takenGib = needed.reduce((sum, { gib }) => sum + gib, othersGib);
  const freeGib = Math.max(0, gpu.totalGib - takenGib);
  return {
    parts: [...needed, part('others', [othersGib, othersGib]), part('free', [freeGib, freeGib])],
    scaleGib: Math.max(gpu.totalGib, takenGib),
    overGib: Math.max(0, takenGib - gpu.totalGib),
    missingGib: kvCache[1] < 0 ? [-kvCache[1], -kvCache[0]] : null,
  };
}
