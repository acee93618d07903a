import type { RE2JS } from 're2js';
import { CONTEXT_CHARS, type Detector, type Found, type Kept, type Scanner, type Verdict } from './detection';
import { PatternAutomaton, type WatchState } from './pattern-automaton';
import { clusterEnd, mayExtend, originOf, placeOf, readCluster, readForPatterns, simpleUnit } from './pattern-text';

export interface BannedPattern {
  pattern: RE2JS;
  /** Code points. */
  longest: number;
  verdict: Verdict;
}

/** Patterns, in time that grows with the text and never with the pattern's twists (RE2). */
export class PatternDetector implements Detector {
  private readonly automaton: PatternAutomaton;
  private readonly longest: number;

  constructor(private readonly patterns: readonly BannedPattern[]) {
    this.automaton = new PatternAutomaton(patterns.map(({ pattern }) => pattern));
    // A code point may be two units, and what stands behind a match may decide (`\b`, `$`).
    this.longest = 2 * patterns.reduce((most, { longest }) => Math.max(most, longest), 0) + 2;
  }

  begin(): Scanner {
    return new PatternScanner(this.patterns, this.automaton, this.longest);
  }
}

/**
 * Watches with the automaton, and asks RE2 what has matched when something has ended and nothing is under way any more;
 * where there is always something under way, once in so many characters as the longest match has.
 */
class PatternScanner implements Scanner {
  private state: WatchState;
  /** Where the next cluster begins. */
  private at = 0;
  /** What has come of it. */
  private open = '';
  /** All matches that begin in front of it are told of. */
  private told = 0;
  /** Where each character that was read since comes from. */
  private origins: number[] = [];
  /** Patterns of which a match has ended behind `told`. */
  private readonly ended = new Set<number>();
  /** By pattern: where its last match ended, which the next one does not overlap. */
  private readonly resume: number[] = [];

  constructor(
    private readonly patterns: readonly BannedPattern[],
    private readonly automaton: PatternAutomaton,
    private readonly longest: number,
  ) {
    this.state = automaton.start;
  }

  read(piece: string, last: boolean, kept: Kept, found: Found[]): number {
    const text = this.open + piece;
    const base = this.at;
    let at = 0;
    while (at < text.length) {
      const next = at + 1;
      // Marks may follow that make another letter of it.
      if (next === text.length && !last) break;
      const simple = simpleUnit(text.charCodeAt(at));
      if (simple >= 0 && (next === text.length || !mayExtend(text.charCodeAt(next)))) {
        this.meet(simple, base + at);
        at = next;
      } else {
        const end = clusterEnd(text, at);
        if (end === text.length && !last) break;
        this.meetCluster(readCluster(text.slice(at, end)), base + at);
        at = end;
      }
      if (this.state.idle) this.settle(kept, base + at, base + at, found);
      else if (this.origins.length >= 2 * this.longest) this.settleOld(kept, base + at, found);
    }
    this.open = at < text.length ? text.slice(at) : '';
    this.at = base + at;
    if (!last) return this.safe();
    for (const pattern of this.automaton.end(this.state)) this.ended.add(pattern);
    this.settle(kept, this.at + 1, this.at, found);
    return this.at;
  }

  private meet(rune: number, origin: number): void {
    const { state, ended } = this.automaton.step(this.state, rune);
    if (ended.length > 0) for (const pattern of ended) this.ended.add(pattern);
    this.state = state;
    if (!state.idle) this.origins.push(origin);
  }

  private meetCluster(read: string, origin: number): void {
    for (const character of read) {
      this.meet(character.codePointAt(0) ?? 0, origin);
      if (character.length > 1 && !this.state.idle) this.origins.push(origin);
    }
  }

  /** Nothing is under way: what begins in front of `to` is over. */
  private settle(kept: Kept, to: number, end: number, found: Found[]): void {
    if (this.ended.size > 0) {
      this.find(kept, to, end, found);
      this.ended.clear();
    }
    this.told = to;
    if (this.origins.length > 0) this.origins = [];
  }

  /** Something is always under way: what began so long ago is over. */
  private settleOld(kept: Kept, end: number, found: Found[]): void {
    const over = this.origins.length - this.longest;
    const to = this.origins[over] ?? this.told;
    if (this.ended.size > 0) this.find(kept, to, end, found);
    this.told = to;
    this.origins = this.origins.slice(over);
  }

  private safe(): number {
    if (this.ended.size === 0 && this.origins.length > this.longest)
      this.told = this.origins[this.origins.length - this.longest] ?? this.told;
    return this.told;
  }

  /** Asks RE2 for the matches that begin from `told` on and in front of `to`. `end`: so much of the text is read. */
  private find(kept: Kept, to: number, end: number, found: Found[]): void {
    const { text, base: origin } = kept.textFrom(this.told - CONTEXT_CHARS);
    const read = readForPatterns(text.slice(0, end - origin));
    for (const index of this.ended) {
      const { pattern, verdict } = this.patterns[index] ?? {};
      if (pattern === undefined || verdict === undefined) continue;
      const matcher = pattern.matcher(read.text);
      let at = placeOf(read, Math.max(this.told, this.resume[index] ?? 0) - origin);
      while (at <= read.text.length && matcher.find(at)) {
        const [begin, stop] = [matcher.start(), matcher.end()];
        const start = origin + originOf(read, begin);
        if (start >= to) break;
        const over = origin + originOf(read, stop);
        if (stop > begin) {
          found.push({ start, end: over, verdict });
          this.resume[index] = over;
        }
        at = Math.max(stop, begin + 1);
      }
    }
  }
}
