export interface ChunkOptions {
  /** A chunk leaves when it has so many characters (UTF-16 code units). */
  minChars: number;
  /** No text waits longer than this for more of it, milliseconds. */
  maxDelayMs: number;
}

/**
 * Joins tiny pieces of text into chunks, by size and by time. The first piece is never delayed. Pure: the clock is the
 * caller's, who asks `dueAt` when to come back. What belongs together (surrogate pairs, CRLF, the letters of a Hangul
 * syllable) is never cut.
 */
export class ChunkBuffer {
  private held = '';
  private lastAt: number | null = null;

  constructor(private readonly options: ChunkOptions) {}

  /** @param at monotonic time, milliseconds. @returns the chunk to send now; '' when there is none. */
  push(text: string, at: number): string {
    if (text === '') return '';
    this.held += text;
    if (this.lastAt !== null && this.held.length < this.options.minChars && at < this.lastAt + this.options.maxDelayMs)
      return '';
    return this.take(at);
  }

  /** When `poll` has something to do, monotonic milliseconds; null while nothing is held. */
  get dueAt(): number | null {
    return this.held === '' || this.lastAt === null ? null : this.lastAt + this.options.maxDelayMs;
  }

  /** Time has passed. @returns the chunk to send now; '' when there is none. */
  poll(at: number): string {
    const { dueAt } = this;
    return dueAt === null || at < dueAt ? '' : this.take(at);
  }

  /** @returns all the rest. */
  flush(): string {
    const { held } = this;
    this.held = '';
    return held;
  }

  private take(at: number): string {
    const length = wholeLength(this.held);
    const chunk = this.held.slice(0, length);
    this.held = this.held.slice(length);
    // What is half stays for its other half, but is looked at again only after another delay.
    this.lastAt = chunk === '' && this.lastAt === null ? null : at;
    return chunk;
  }
}

/** Where the text can be cut at its end without parting what belongs together. */
export function wholeLength(text: string): number {
  const last = text.charCodeAt(text.length - 1);
  if (isHighSurrogate(last) || last === CR) return text.length - 1;
  if (!isConjoining(last)) return text.length;
  let at = text.length;
  while (at > 0 && isConjoining(text.charCodeAt(at - 1))) at -= 1;
  // The last syllable may go on; those before it may not.
  for (let i = text.length - 1; i > at; i--)
    if (isLeading(text.charCodeAt(i)) && !isLeading(text.charCodeAt(i - 1))) return i;
  return at;
}

const CR = 0x0d;

function isHighSurrogate(code: number): boolean {
  return code >= 0xd800 && code <= 0xdbff;
}

/** Hangul letters that join into one syllable (Unicode, Hangul Jamo): U+1100 to U+11FF. */
function isConjoining(code: number): boolean {
  return code >= 0x1100 && code <= 0x11ff;
}

function isLeading(code: number): boolean {
  return code >= 0x1100 && code <= 0x115f;
}
