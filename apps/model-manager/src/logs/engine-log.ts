/** Lines of one engine that are kept: a boot of vLLM is some hundred. */
const KEPT_LINES = 2_000;

/** The end of what an engine has printed, over all its starts. Lines are numbered, so that nobody reads one twice. */
export class EngineLog {
  private lines: string[] = [];
  private count = 0;
  private began = 0;

  add(line: string): void {
    this.count += 1;
    this.lines.push(line);
    // In bunches: moving two thousand for each line would be most of the work.
    if (this.lines.length >= 2 * KEPT_LINES) this.lines = this.lines.slice(-KEPT_LINES);
  }

  /** Number of the next line. */
  get next(): number {
    return this.count;
  }

  /** An engine is started: what it prints from now on is of this start. */
  begin(): void {
    this.began = this.count;
  }

  /** What the last start has printed, as far as it is kept. */
  ofThisStart(): string[] {
    return this.since(this.began);
  }

  tail(lines: number): string[] {
    return lines <= 0 ? [] : this.lines.slice(-Math.min(lines, KEPT_LINES));
  }

  /** What came from this line on, as far as it is kept. */
  since(line: number): string[] {
    return this.tail(this.count - line);
  }
}
