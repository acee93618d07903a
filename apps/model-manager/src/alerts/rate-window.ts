/** A second is fine enough for a window of minutes, and bounds what a flood of lines can take. */
const BUCKET_MS = 1_000;

/** How many events the last `windowMs` saw. Its clock is whatever the caller passes: monotonic milliseconds. */
export class RateWindow {
  private readonly buckets: { second: number; count: number }[] = [];
  private sum = 0;

  constructor(private readonly windowMs: number) {}

  add(atMs: number, count = 1): void {
    const second = Math.floor(atMs / BUCKET_MS);
    const last = this.buckets.at(-1);
    if (last?.second === second) last.count += count;
    else this.buckets.push({ second, count });
    this.sum += count;
  }

  count(atMs: number): number {
    for (let [first] = this.buckets; first !== undefined && this.isOver(first.second, atMs); [first] = this.buckets) {
      this.sum -= first.count;
      this.buckets.shift();
    }
    return this.sum;
  }

  private isOver(second: number, atMs: number): boolean {
    return (second + 1) * BUCKET_MS <= atMs - this.windowMs;
  }
}
