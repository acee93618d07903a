import type { Detector, Found, Scan, Verdict } from './detection';
import { CONTEXT_CHARS } from './detection';
import { ACCENT, ASCII_SYMBOLS, composes, folded, foldWord, GAP } from './fold';
import { Trail } from './trail';
import { WordAutomaton } from './word-automaton';

/** What may stand between two letters of a word that is spelt apart (`b . a . d`), characters. */
const MAX_GAP_CHARS = 8;
/** Scripts that put words together without spaces, or with endings: a banned word counts within a longer one too. */
const JOINING =
  /[\p{Script=Hangul}\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u;
const MAX_GAPS = 2 ** 24;

export interface BannedWord {
  text: string;
  verdict: Verdict;
}

interface Rule {
  verdict: Verdict;
  symbols: number;
  /** Counts only where it stands alone: `class` holds no banned word of three letters. */
  whole: boolean;
  /** The rule itself is of several words. */
  gaps: number;
}

/**
 * Banned words. One that is spelt apart counts only where it stands alone: the end of one word and the beginning of the
 * next (`다시 발전`) are no trick.
 */
export class WordDetector implements Detector {
  private readonly automaton: WordAutomaton<Rule>;
  /** Of the scan that runs: none is interrupted. */
  private readonly trail: Trail;

  constructor(words: readonly BannedWord[]) {
    const read = words.map(({ text, verdict }) => {
      const { symbols, gaps } = foldWord(text);
      return { symbols, value: { verdict, symbols: symbols.length, whole: !JOINING.test(text), gaps } };
    });
    this.automaton = new WordAutomaton(read);
    this.trail = new Trail(read.reduce((most, { symbols }) => Math.max(most, symbols.length), 1));
  }

  scan(text: string, from: number, last: boolean): Scan {
    const { automaton } = this;
    const { trail } = this;
    trail.clear();
    const found: Found[] = [];
    let node = 0;
    let gapChars = 0;
    let gaps = 0;
    /** Words that end at the last letter are not looked for yet: what follows it decides. */
    let undecided = false;
    let afterLetter = endsInLetter(text, from);
    let at = from;
    while (at < text.length) {
      const unit = text.charCodeAt(at);
      const letter = unit < ASCII_SYMBOLS.length ? (ASCII_SYMBOLS[unit] ?? 0) : 0;
      // Most of a text in Latin letters: the same as below, without a look at what else it might be.
      if (letter > 0 && gapChars === 0) {
        if (undecided && automaton.firstEnd(node) !== -1) this.collect(node, trail, true, found);
        trail.push(letter, at, at + 1, gaps, true, !afterLetter);
        node = automaton.step(node, letter);
        undecided = afterLetter = true;
        at += 1;
        continue;
      }
      const code = text.codePointAt(at) ?? 0;
      const next = at + (code > 0xffff ? 2 : 1);
      // Half of a surrogate pair: its other half may follow.
      if (!last && next === text.length && code >= 0xd800 && code <= 0xdbff) break;
      const fold = folded(code);
      if (typeof fold === 'object') {
        if (undecided) this.collect(node, trail, true, found);
        if (gapChars > 0) gaps = Math.min(gaps + 1, MAX_GAPS);
        if (gapChars > MAX_GAP_CHARS) node = 0;
        for (let i = 0; i < fold.length; i++) {
          const symbol = fold[i] ?? 0;
          trail.push(symbol, at, next, gaps, i === 0, !afterLetter);
          node = automaton.step(node, symbol);
        }
        gapChars = 0;
        undecided = true;
        afterLetter = true;
      } else if (fold === GAP) {
        if (undecided) this.collect(node, trail, false, found);
        undecided = false;
        afterLetter = false;
        gapChars += next - at;
      } else if (fold === ACCENT && gapChars === 0 && composes(trail.lastSymbol, code)) {
        trail.push(code, at, next, gaps, false, false);
        node = automaton.step(node, code);
      }
      at = next;
    }
    if (!last) return { found, safe: this.safe(node, gapChars, trail, at) };
    if (undecided) this.collect(node, trail, false, found);
    return { found, safe: text.length };
  }

  private safe(node: number, gapChars: number, trail: Trail, at: number): number {
    const depth = gapChars > MAX_GAP_CHARS ? 0 : this.automaton.depth(node);
    return depth === 0 ? at : trail.startOf(trail.last - depth + 1);
  }

  /** The words that end at the last symbol. `goesOn`: a letter follows it. */
  private collect(node: number, trail: Trail, goesOn: boolean, found: Found[]): void {
    const { automaton } = this;
    for (let end = automaton.firstEnd(node); end !== -1; end = automaton.nextEnd(end)) {
      for (const { verdict, symbols, whole, gaps } of automaton.valuesAt(end)) {
        const first = trail.last - symbols + 1;
        if (!trail.isFirst(first)) continue;
        const apart = trail.gapsBetween(first, trail.last) > gaps;
        if ((whole || apart) && (goesOn || !trail.isAlone(first))) continue;
        found.push({ start: trail.startOf(first), end: trail.endOf(trail.last), verdict });
      }
    }
  }
}

function endsInLetter(text: string, at: number): boolean {
  if (at === 0) return false;
  const last = folded(text.charCodeAt(at - 1));
  if (typeof last === 'object') return true;
  if (last === GAP && !isLowSurrogate(text.charCodeAt(at - 1))) return false;
  const before = Array.from(text.slice(Math.max(0, at - CONTEXT_CHARS), at));
  for (const character of before.reverse()) {
    const fold = folded(character.codePointAt(0) ?? 0);
    if (typeof fold === 'object') return true;
    if (fold === GAP) return false;
  }
  return false;
}

function isLowSurrogate(unit: number): boolean {
  return unit >= 0xdc00 && unit <= 0xdfff;
}
