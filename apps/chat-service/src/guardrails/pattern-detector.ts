import { RE2JS } from 're2js';
import type { Detector, Found, Scan, Verdict } from './detection';

export interface BannedPattern {
  pattern: RE2JS;
  /** Code points. */
  longest: number;
  verdict: Verdict;
}

/** A text as patterns read it, and where each of its characters comes from. */
interface Read {
  text: string;
  /** Null: the same places. */
  origins: Int32Array | null;
}

/** A letter with what hangs on it, or the letters of one Hangul syllable. */
const CLUSTER = /[\u1100-\u115f][\u1160-\u11a7]?[\u11a8-\u11ff]?|[^]\p{M}*/gu;
const INVISIBLE = /[\p{Cf}\p{Default_Ignorable_Code_Point}]/gu;
const PLAIN = /^[\0-\u024f\u3130-\u318f\uac00-\ud7a3]*$/;

/**
 * Patterns, in time that grows with the text and never with the pattern's twists (RE2). They read compatibility forms as
 * the plain ones, and small letters for capital ones.
 */
export class PatternDetector implements Detector {
  private readonly longest: number;

  constructor(private readonly patterns: readonly BannedPattern[]) {
    // A code point may be two units, and what stands behind a match may decide (`\b`, `$`).
    this.longest = 2 * patterns.reduce((most, { longest }) => Math.max(most, longest), 0) + 2;
  }

  scan(text: string, from: number, last: boolean): Scan {
    const read = readAs(text);
    const start = placeOf(read, from);
    const safe = last ? read.text.length : Math.max(start, read.text.length - this.longest);
    const found: Found[] = [];
    for (const { pattern, verdict } of this.patterns) {
      const matcher = pattern.matcher(read.text);
      let at = start;
      while (at <= read.text.length && matcher.find(at) && matcher.start() < safe) {
        const [begin, end] = [matcher.start(), matcher.end()];
        if (end > begin) found.push({ start: originOf(read, begin), end: originOf(read, end), verdict });
        at = Math.max(end, begin + 1);
      }
    }
    return { found, safe: last ? text.length : originOf(read, safe) };
  }
}

function readAs(text: string): Read {
  if (PLAIN.test(text)) {
    const plain = text.normalize('NFKC').toLowerCase();
    if (plain.length === text.length) return { text: plain, origins: null };
  }
  let read = '';
  const origins: number[] = [];
  for (const { 0: cluster, index } of text.matchAll(CLUSTER)) {
    const folded = cluster.normalize('NFKC').toLowerCase().replace(INVISIBLE, '');
    for (let i = 0; i < folded.length; i++) origins.push(index);
    read += folded;
  }
  origins.push(text.length);
  return { text: read, origins: Int32Array.from(origins) };
}

function originOf({ origins }: Read, at: number): number {
  return origins === null ? at : (origins[at] ?? origins.at(-1) ?? 0);
}

function placeOf({ origins, text }: Read, from: number): number {
  if (origins === null) return from;
  const at = origins.findIndex((origin) => origin >= from);
  return at === -1 ? text.length : at;
}
