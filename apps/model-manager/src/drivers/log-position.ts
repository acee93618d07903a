/** A line as it comes: behind its time, RFC 3339 with a fraction. What follows a carriage return has none of its own. */
const TIMED = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d+)?(Z|[+-]\d\d:\d\d) ?/;

/** Epoch seconds and what is left of them: a number of milliseconds would be too coarse. */
export interface LogTime {
  readonly seconds: number;
  readonly nanos: number;
}

/**
 * Where somebody is in a log that tells the time of each line. A connection that broke is opened again from the moment of
 * the last line, which comes again then, with others of the same moment: times may be whole seconds only (podman).
 */
export class LogPosition {
  /** Of the last line that was given out; null: none was. */
  last: LogTime | null = null;
  /** Lines of that moment that were given out. */
  private toldAtLast = 0;
  /** Of these, how many are still to come again. */
  private toSkip = 0;

  constructor(private readonly onLine: (line: string) => void) {}

  /** The lines from `last` on come again. */
  reconnected(): void {
    this.toSkip = this.toldAtLast;
  }

  /** Gives the line out without its time, unless it was given out before. */
  take(line: string): void {
    const match = TIMED.exec(line);
    if (match !== null && this.isKnown(timeOf(match))) return;
    const text = match === null ? line : line.slice(match[0].length);
    if (text !== '') this.onLine(text);
  }

  private isKnown(time: LogTime): boolean {
    const order = this.last === null ? 1 : compare(time, this.last);
    if (order > 0) {
      this.last = time;
      this.toldAtLast = 1;
      this.toSkip = 0;
      return false;
    }
    if (this.toSkip > 0) {
      if (order === 0) this.toSkip -= 1;
      return true;
    }
    if (order === 0) this.toldAtLast += 1;
    return false;
  }
}

function timeOf([, dateTime = '', fraction = '.0', zone = 'Z']: RegExpExecArray): LogTime {
  const seconds = Math.floor(Date.parse(dateTime + zone) / 1_000);
  return { seconds, nanos: Number(fraction.slice(1, 10).padEnd(9, '0')) };
}

function compare(a: LogTime, b: LogTime): number {
  return a.seconds === b.seconds ? a.nanos - b.nanos : a.seconds - b.seconds;
}
