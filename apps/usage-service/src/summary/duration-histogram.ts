/**
 * The histogram of durations that Postgres adds up as one number (usage.duration_histogram): bucket b counts 10^(12 b).
 * Bucket 0 is less than 1 ms, bucket b is [1.1^(b-1), 1.1^b) ms.
 */
const DIGITS = 12;
const GROWTH = 1.1;

/**
 * How far a percentile from the histogram may be from the exact one, relatively: the middle of a bucket, by its ratio, is
 * sqrt(1.1) from either edge.
 */
export const PERCENTILE_ERROR = 0.05;

/** Requests in each bucket. @param histogram its decimal digits, as Postgres writes a numeric; null for none. */
export function bucketCounts(histogram: string | null): number[] {
  if (histogram === null || histogram === '0') return [];
  const counts: number[] = [];
  for (let end = histogram.length; end > 0; end -= DIGITS)
    counts.push(Number(histogram.slice(Math.max(0, end - DIGITS), end)));
  return counts;
}

/**
 * The percentile by nearest rank, as `percentile_disc` has it: the middle of the bucket that the rank falls into, as whole
 * milliseconds. Null for an empty histogram.
 */
export function percentileMs(counts: readonly number[], fraction: number): number | null {
  const all = counts.reduce((sum, count) => sum + count, 0);
  if (all === 0) return null;
  let rank = Math.max(1, Math.ceil(fraction * all));
  for (const [bucket, count] of counts.entries()) {
    rank -= count;
    if (rank <= 0) return middleMs(bucket);
  }
  return null;
}

/** Durations are whole milliseconds: where only one lies in the bucket, it is that one. */
function middleMs(bucket: number): number {
  if (bucket === 0) return 0;
  const [from, to] = [GROWTH ** (bucket - 1), GROWTH ** bucket];
  const [least, most] = [Math.ceil(from), Math.max(Math.ceil(from), Math.ceil(to) - 1)];
  return Math.min(most, Math.max(least, Math.round(Math.sqrt(from * to))));
}
