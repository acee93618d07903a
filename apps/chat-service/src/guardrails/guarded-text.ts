import { CONTEXT_CHARS, type Detector, type Found, type Kept, type Scanner, type Verdict } from './detection';

/** What came of a text that was looked through. */
export interface Guarded {
  /** The text that may be seen, masked. */
  text: string;
  /** Of all that was found in it. */
  verdicts: readonly Verdict[];
  /** One of them blocks: nothing of `text` behind it may be seen. */
  blocked: boolean;
}

const NOTHING_FOUND: readonly Verdict[] = [];
/** What was let through is cut to what scanners may look back at when it has become so long. */
const MAX_CONTEXT_CHARS = 1_024;

/**
 * A text that comes in pieces. What may still become a match stays here, and that is never more than twice the longest
 * match there can be.
 */
export class GuardedText implements Kept {
  private readonly scanners: Scanner[];
  /** What was let through last: at least so much as scanners may look back at, where there is so much. */
  private context = '';
  /** What may still become a match. */
  private buffer = '';
  /** Where the buffer begins in the whole. */
  private from = 0;
  /** What was found in it. */
  private waiting: Found[] = [];

  constructor(detectors: readonly Detector[]) {
    this.scanners = detectors.map((detector) => detector.begin());
  }

  get held(): number {
    return this.buffer.length;
  }

  push(text: string): Guarded {
    return this.pass(text, false);
  }

  /** Nothing follows. */
  end(): Guarded {
    return this.pass('', true);
  }

  /** The whole text at once. */
  all(text: string): Guarded {
    return this.pass(text, true);
  }

  textFrom(from: number): { text: string; base: number } {
    if (from >= this.from) return { text: this.buffer.slice(from - this.from), base: from };
    const context = this.context.slice(-Math.min(this.from - from, CONTEXT_CHARS));
    return { text: context + this.buffer, base: this.from - context.length };
  }

  private pass(piece: string, last: boolean): Guarded {
    const { waiting, from } = this;
    this.buffer = this.buffer === '' ? piece : this.buffer + piece;
    let safe = from + this.buffer.length;
    for (const scanner of this.scanners) safe = Math.min(safe, scanner.read(piece, last, this, waiting));
    safe = Math.max(safe, from);
    if (waiting.length === 0) return { text: this.release(safe), verdicts: NOTHING_FOUND, blocked: false };
    waiting.sort((a, b) => a.start - b.start || a.end - b.end);
    // What one scanner has decided another may still be undecided about: a match is let through as a whole.
    for (let at = waiting.length - 1; at >= 0; at--) {
      const match = waiting[at];
      if (match !== undefined && match.start < safe && match.end > safe) safe = Math.max(from, match.start);
    }
    // Blocked is blocked, whatever else it may yet become.
    const block = waiting.find(({ verdict }) => verdict.action === 'block');
    if (block !== undefined) safe = Math.max(safe, block.start + 1);
    const found = waiting.filter(({ start }) => start < safe);
    this.waiting = waiting.slice(found.length);
    const guarded = this.masked(safe, found);
    this.release(safe);
    return guarded;
  }

  /** What stands before `safe` is gone, but for a little of it. @returns what is gone. */
  private release(safe: number): string {
    const { buffer, from } = this;
    if (safe === from) return '';
    const whole = safe - from === buffer.length;
    const gone = whole ? buffer : buffer.slice(0, safe - from);
    this.buffer = whole ? '' : buffer.slice(safe - from);
    this.from = safe;
    // Put together without a look: it is looked at only where something was found.
    this.context += gone;
    if (this.context.length > MAX_CONTEXT_CHARS) this.context = this.context.slice(-CONTEXT_CHARS);
    return gone;
  }

  /** @param found in order of their beginnings. */
  private masked(to: number, found: readonly Found[]): Guarded {
    const verdicts = [...new Set(found.map(({ verdict }) => verdict))];
    let out = '';
    let at = this.from;
    for (const { start, end, verdict } of found) {
      if (verdict.action === 'block')
        return { text: out + this.between(at, Math.max(at, start)), verdicts, blocked: true };
      if (verdict.action === 'flag') continue;
      if (start >= at) out += this.between(at, start) + verdict.replacement;
      at = Math.max(at, end);
    }
    return { text: out + this.between(at, Math.max(at, to)), verdicts, blocked: false };
  }

  private between(from: number, to: number): string {
    const { buffer } = this;
    return from === this.from && to - from === buffer.length ? buffer : buffer.slice(from - this.from, to - this.from);
  }
}

/** Looks through a whole text. */
export function guardText(text: string, detectors: readonly Detector[]): Guarded {
  return new GuardedText(detectors).all(text);
}
