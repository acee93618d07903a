/** A Prometheus histogram: counts per bucket, not yet summed up. */
export class Histogram {
  count = 0;
  sum = 0;
  private readonly counts: number[];

  constructor(readonly bounds: readonly number[]) {
    this.counts = bounds.map(() => 0);
  }

  observe(value: number): void {
    this.count++;
    this.sum += value;
    const at = this.bounds.findIndex((bound) => value <= bound);
    if (at >= 0) this.counts[at] = (this.counts[at] ?? 0) + 1;
  }

  /** Cumulative counts, one for each bound, without the last (+Inf), which equals `count`. */
  cumulative(): number[] {
    let total = 0;
    return this.counts.map((count) => (total += count));
  }
}

/** Buckets as vLLM 0.32.0 has them (vllm/v1/metrics/loggers.py; equal to a recorded /metrics). */
const TOKENS_1_2_5 = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000, 100_000] as const;
/** Token buckets end at the context length. */
export const tokenBounds = (maxModelLen: number): number[] => TOKENS_1_2_5.filter((bound) => bound <= maxModelLen);
export const ITERATION_BOUNDS = [1, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16_384];
export const CHOICE_BOUNDS = [1, 2, 5, 10, 20];
export const TTFT_BOUNDS = [
  0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 40, 80, 160, 640, 2560,
];
export const ITL_BOUNDS = [
  0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 40, 80,
];
export const REQUEST_BOUNDS = [
  0.3, 0.5, 0.8, 1, 1.5, 2, 2.5, 5, 10, 15, 20, 30, 40, 50, 60, 120, 240, 480, 960, 1920, 7680,
];
export const PREEMPTION_BOUNDS = [1, 2, 3, 4, 5, 10, 20];
