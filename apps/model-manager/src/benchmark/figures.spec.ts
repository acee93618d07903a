import type { BenchmarkLoad, BenchmarkRun } from '#contracts/benchmarks';
import { compare, lastCompleted } from './compare';
import { loadFigures, spread } from './figures';

const SHAPE = { users: 5, promptTokens: 128 };

const load = (change: Partial<BenchmarkLoad> = {}): BenchmarkLoad => ({
  ...SHAPE,
  measuredPromptTokens: 130,
  requests: 10,
  outputTokens: 1_280,
  ttftMs: { p50: 200, p95: 300 },
  timePerOutputTokenMs: { p50: 20, p95: 25 },
  tokensPerSecond: 240,
  ...change,
});

const run = (change: Partial<BenchmarkRun> = {}): BenchmarkRun => ({
  id: 'bench_1',
  profile: 'p',
  model: 'm',
  fingerprint: 'f',
  reason: 'switch',
  state: 'completed',
  why: null,
  startedAt: 1_000,
  endedAt: 2_000,
  loads: [load()],
  plannedLoads: 1,
  answers: null,
  comparison: null,
  ...change,
});

describe('the figures of a load', () => {
  it('are the middle and the tail of its requests, and the pace of all of them together', () => {
    const samples = [100, 300, 200].map((firstTokenMs) => ({
      firstTokenMs,
      lastTokenMs: firstTokenMs + 1_270,
      promptTokens: 131,
      outputTokens: 128,
    }));
    expect(loadFigures(SHAPE, samples, 2_000)).toEqual({
      ...SHAPE,
      measuredPromptTokens: 131,
      requests: 3,
      outputTokens: 384,
      ttftMs: { p50: 200, p95: 300 },
      timePerOutputTokenMs: { p50: 10, p95: 10 },
      tokensPerSecond: 192,
    });
  });

  it('leave answers of one token out of the pace', () => {
    const sample = { firstTokenMs: 50, lastTokenMs: 50, promptTokens: 1, outputTokens: 1 };
    expect(loadFigures(SHAPE, [sample], 100).timePerOutputTokenMs).toEqual({ p50: 0, p95: 0 });
  });

  it('take percentiles by nearest rank', () => {
    expect(spread(Array.from({ length: 100 }, (_, index) => 100 - index))).toEqual({ p50: 50, p95: 95 });
    expect(spread([])).toEqual({ p50: 0, p95: 0 });
  });
});

describe('a benchmark beside the one before it', () => {
  const changeOf = (metric: string, after: Partial<BenchmarkLoad>) =>
    compare([load(after)], run(), 15).changes.find((one) => one.metric === metric)!;

  it('flags a rate that fell by more than the threshold, and not one that fell by less', () => {
    expect(changeOf('tokensPerSecond', { tokensPerSecond: 200 })).toMatchObject({
      before: 240,
      after: 200,
      betterPercent: -16.7,
      regression: true,
    });
    expect(changeOf('tokensPerSecond', { tokensPerSecond: 205 })).toMatchObject({ regression: false });
    expect(changeOf('tokensPerSecond', { tokensPerSecond: 400 })).toMatchObject({
      betterPercent: 66.7,
      regression: false,
    });
  });

  it('flags times that grew', () => {
    expect(changeOf('ttftMs', { ttftMs: { p50: 240, p95: 300 } })).toMatchObject({
      betterPercent: -20,
      regression: true,
    });
    expect(changeOf('timePerOutputTokenMs', { timePerOutputTokenMs: { p50: 16, p95: 25 } })).toMatchObject({
      betterPercent: 20,
      regression: false,
    });
  });

  it('takes a few milliseconds for noise, however many percent they are', () => {
    const before = run({ loads: [load({ ttftMs: { p50: 5, p95: 6 } })] });
    const { changes, regressions } = compare([load({ ttftMs: { p50: 9, p95: 9 } })], before, 15);
    expect(changes.find(({ metric }) => metric === 'ttftMs')).toMatchObject({ betterPercent: -80, regression: false });
    expect(regressions).toBe(0);
  });

  it('compares only loads that both have', () => {
    expect(compare([load({ users: 10 })], run(), 15)).toMatchObject({
      previousId: 'bench_1',
      changes: [],
      regressions: 0,
    });
  });

  it('is with the last that was completed, of the same profile', () => {
    const runs = [
      run({ id: 'old', startedAt: 1 }),
      run({ id: 'new', startedAt: 3 }),
      run({ id: 'stopped', startedAt: 5, state: 'stopped' }),
      run({ id: 'other', startedAt: 7, profile: 'q' }),
    ];
    expect(lastCompleted(runs, 'p')?.id).toBe('new');
    expect(lastCompleted(runs, 'r')).toBeNull();
  });
});
