import fc from 'fast-check';
import { bucketCounts, PERCENTILE_ERROR, percentileMs } from './duration-histogram';

/** As usage.duration_bucket has it. */
const bucketOf = (ms: number): number => (ms < 1 ? 0 : Math.min(1 + Math.floor(Math.log(ms) / Math.log(1.1)), 250));

const histogramOf = (durations: readonly number[]): string =>
  durations.reduce((sum, ms) => sum + 10n ** BigInt(12 * bucketOf(ms)), 0n).toString();

const exact = (durations: readonly number[], fraction: number): number => {
  const sorted = [...durations].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(fraction * sorted.length) - 1)] ?? NaN;
};

describe('the histogram of durations', () => {
  it('counts what was put in', () => {
    expect(bucketCounts(histogramOf([0, 0, 1, 1, 1, 2]))).toEqual([2, 3, 0, 0, 0, 0, 0, 0, 1]);
    expect(bucketCounts(null)).toEqual([]);
    expect(bucketCounts('0')).toEqual([]);
  });

  it('has no percentile without a duration', () => {
    expect(percentileMs([], 0.5)).toBeNull();
  });

  it('gives percentiles within its error, whatever was measured', () => {
    const durations = fc.array(fc.integer({ min: 0, max: 3_600_000 }), { minLength: 1, maxLength: 200 });
    fc.assert(
      fc.property(durations, fc.constantFrom(0.5, 0.95), (all, fraction) => {
        const found = percentileMs(bucketCounts(histogramOf(all)), fraction) ?? NaN;
        const wanted = exact(all, fraction);
        // Half a millisecond of rounding more.
        return Math.abs(found - wanted) <= wanted * PERCENTILE_ERROR + 0.5;
      }),
      { numRuns: 500 },
    );
  });
});
