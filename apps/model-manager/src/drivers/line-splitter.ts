/** A line that is longer is given out in parts. */
const MAX_LINE = 64 * 1024;

/** Cuts a growing text into lines. Progress bars end theirs with a carriage return; empty lines are no lines. */
export class LineSplitter {
  private rest = '';

  constructor(private readonly onLine: (line: string) => void) {}

  take(text: string): void {
    const lines = (this.rest + text).split(/[\r\n]/);
    this.rest = lines.pop() ?? '';
    for (const line of lines) if (line !== '') this.onLine(line);
    if (this.rest.length > MAX_LINE) this.flush();
  }

  /** Gives out what has no end yet. */
  flush(): void {
    const { rest } = this;
    this.rest = '';
    if (rest !== '') this.onLine(rest);
  }
}
