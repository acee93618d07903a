import { describe, expect, it } from 'vitest';
import type { Gpu, Hardware } from '../queries';
import { columnsOf, withReading, type GpuSample } from './gpu-history';

const gpu = (index: number, usedMib: number, power: number | null = 100) =>
  ({ index, usedMib, utilisation: 5, temperature: 40, power }) as Gpu;
const reading = (readAt: number | null, ...gpus: Gpu[]) => ({ readAt, gpus }) as Hardware;

describe('the history of the GPUs', () => {
  it('takes each reading once, however often it is asked for', () => {
    const first = withReading([], reading(1_000, gpu(0, 500)));
    expect(withReading(first, reading(1_000, gpu(0, 500)))).toBe(first);
    expect(withReading(first, reading(11_000, gpu(0, 600))).map(({ at }) => at)).toEqual([1_000, 11_000]);
  });

  it('takes nothing from a host without GPUs, or before its first reading', () => {
    expect(withReading([], reading(1_000))).toEqual([]);
    expect(withReading([], reading(null, gpu(0, 500)))).toEqual([]);
  });

  it('keeps an hour', () => {
    let samples: readonly GpuSample[] = [];
    for (let at = 1; at <= 400; at += 1) samples = withReading(samples, reading(at, gpu(0, at)));
    expect([samples.length, samples[0]?.at, samples.at(-1)?.at]).toEqual([360, 41, 400]);
  });

  it('gives a column of seconds and one a card; a gap where a card was silent or away', () => {
    let samples = withReading([], reading(1_000, gpu(0, 500, null), gpu(1, 20)));
    samples = withReading(samples, reading(11_000, gpu(1, 30, 90)));
    expect(columnsOf(samples, 'usedMib', [0, 1])).toEqual([
      [1, 11],
      [500, null],
      [20, 30],
    ]);
    expect(columnsOf(samples, 'power', [0])).toEqual([
      [1, 11],
      [null, null],
    ]);
  });
});
