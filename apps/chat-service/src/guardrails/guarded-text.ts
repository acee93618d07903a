import { CONTEXT_CHARS, type Detector, type Found, type Verdict } from './detection';

/** What came of a text that was looked through. */
export interface Guarded {
  /** The text that may be seen, masked. */
  text: string;
  /** Of all that was found in it. */
  verdicts: Verdict[];
  /** One of them blocks: nothing of `text` behind it may be seen. */
  blocked: boolean;
}

/**
 * A text that comes in pieces. What may still become a match stays here, and that is never more than the longest match
 * there can be.
 */
export class GuardedText {
  /** What was let through last, as context, and what is held. */
  private buffer = '';
  /** Where what is held begins. */
  private from = 0;

  constructor(private readonly detectors: readonly Detector[]) {}

  get held(): number {
    return this.buffer.length - this.from;
  }

  push(text: string): Guarded {
    this.buffer += text;
    return this.pass(false);
  }

  /** Nothing follows. */
  end(): Guarded {
    return this.pass(true);
  }

  private pass(last: boolean): Guarded {
    const { buffer, from } = this;
    const found: Found[] = [];
    let safe = buffer.length;
    for (const detector of this.detectors) {
      const scan = detector.scan(buffer, from, last);
      for (const match of scan.found) found.push(match);
      safe = Math.min(safe, scan.safe);
    }
    if (found.length === 0) return this.release({ text: buffer.slice(from, safe), verdicts: [], blocked: false }, safe);
    found.sort((a, b) => a.start - b.start || a.end - b.end);
    // What one detector has decided another may still be undecided about: a match is let through as a whole.
    for (let at = found.length - 1; at >= 0; at--) {
      const match = found[at];
      if (match !== undefined && match.start < safe && match.end > safe) safe = Math.max(from, match.start);
    }
    // Blocked is blocked, whatever else it may yet become.
    const block = found.find(({ verdict }) => verdict.action === 'block');
    if (block !== undefined) safe = Math.max(safe, block.start + 1);
    const guarded = masked(
      buffer,
      from,
      safe,
      found.filter(({ start }) => start < safe),
    );
    return this.release(guarded, safe);
  }

  /** What stands before `safe` is gone, but for a little of it. */
  private release(guarded: Guarded, safe: number): Guarded {
    const context = Math.max(0, safe - CONTEXT_CHARS);
    this.buffer = this.buffer.slice(context);
    this.from = safe - context;
    return guarded;
  }
}

/** Looks through a whole text. */
export function guardText(text: string, detectors: readonly Detector[]): Guarded {
  const found = detectors.flatMap((detector) => detector.scan(text, 0, true).found);
  found.sort((a, b) => a.start - b.start || a.end - b.end);
  return masked(text, 0, text.length, found);
}

/** @param found in order of their beginnings. */
function masked(text: string, from: number, to: number, found: readonly Found[]): Guarded {
  let out = '';
  let at = from;
  for (const { start, end, verdict } of found) {
    if (verdict.action === 'block') {
      return { text: out + text.slice(at, Math.max(at, start)), verdicts: verdictsOf(found), blocked: true };
    }
    if (verdict.action === 'flag') continue;
    if (start >= at) out += text.slice(at, start) + verdict.replacement;
    at = Math.max(at, end);
  }
  return { text: out + text.slice(at, Math.max(at, to)), verdicts: verdictsOf(found), blocked: false };
}

function verdictsOf(found: readonly Found[]): Verdict[] {
  return [...new Set(found.map(({ verdict }) => verdict))];
}
