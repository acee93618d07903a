import { describe, expect, it } from 'vitest';
import { fitBarParts, type GpuFit } from './fit-parts';

/** An RTX 3090 with the default profile. */
const FITS: GpuFit = {
  index: 0,
  name: 'NVIDIA GeForce RTX 3090',
  engine: 0,
  totalGib: 23.56,
  freeGib: 23.06,
  budgetGib: 21.2,
  weightsGib: [13.9, 14],
  kvCacheGib: [5, 6],
  activationGib: [0.5, 1.1],
  cudaGraphGib: [0.25, 0.35],
  runtimeGib: [0.4, 0.5],
  outsideGib: [0.2, 0.4],
};

const lengths = (gpu: GpuFit): Record<string, number> =>
  Object.fromEntries(fitBarParts(gpu).parts.map(({ name, gib }) => [name, Number(gib.toFixed(2))]));

describe('the bar of a GPU', () => {
  it('shows the middle of each range, what others hold, and what stays free', () => {
    expect(lengths(FITS)).toEqual({
      weights: 13.95,
      running: 1.25,
      kvCache: 5.5,
      graphs: 0.3,
      outside: 0.3,
      others: 0.5,
      free: 1.76,
    });
  });

  it('is as long as the card, and full', () => {
    const { parts, scaleGib, overGib, missingGib } = fitBarParts(FITS);
    expect(parts.reduce((sum, { gib }) => sum + gib, 0)).toBeCloseTo(23.56);
    expect([scaleGib, overGib, missingGib]).toEqual([23.56, 0, null]);
  });

  it('is longer than the card where more is needed than there is', () => {
    const { parts, scaleGib, overGib } = fitBarParts({ ...FITS, freeGib: 18.06 });
    expect(overGib).toBeCloseTo(3.24);
    expect(scaleGib).toBeCloseTo(26.8);
    expect(parts.at(-1)).toMatchObject({ name: 'free', gib: 0 });
  });

  it('says how much is missing where nothing is left for a KV cache', () => {
    const { parts, missingGib } = fitBarParts({ ...FITS, kvCacheGib: [-2.76, -1.39] });
    expect(missingGib).toEqual([1.39, 2.76]);
    expect(parts.find(({ name }) => name === 'kvCache')?.gib).toBe(0);
  });
});
