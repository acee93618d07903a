import { describe, expect, it } from 'vitest';
import { figuresOf, type BenchmarkRun } from './comparison';

const load = (users: number, promptTokens: number) => ({
  users,
  promptTokens,
  ttftMs: { p50: 40, p95: 90 },
  timePerOutputTokenMs: { p50: 20, p95: 25 },
  tokensPerSecond: 50 * users,
});
const change = {
  metric: 'tokensPerSecond',
  users: 5,
  promptTokens: 128,
  before: 400,
  after: 250,
  betterPercent: -37.5,
  regression: true,
};

describe('the figures of a benchmark', () => {
  it('stand beside the last ones of the same load', () => {
    const run = { loads: [load(1, 128), load(5, 128)], comparison: { changes: [change] } } as unknown as BenchmarkRun;
    const [alone, together] = figuresOf(run);
    expect(alone?.figures.map(({ value, change: beside }) => [value, beside])).toEqual([
      [40, null],
      [20, null],
      [50, null],
    ]);
    expect(together?.figures.at(-1)).toMatchObject({ value: 250, change: { before: 400, regression: true } });
  });

  it('stand alone for the first benchmark of a profile', () => {
    const run = { loads: [load(1, 128)], comparison: null } as unknown as BenchmarkRun;
    expect(figuresOf(run)[0]?.figures.every((figure) => figure.change === null)).toBe(true);
  });
});
