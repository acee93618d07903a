import type { Detector, Found, Kept, Scanner, Verdict } from './detection';
import {
  ACCENT,
  ASCII_SYMBOLS,
  composes,
  firstSymbol,
  FOLD_SYMBOLS,
  folded,
  foldWord,
  GAP,
  LETTERS,
  symbolCount,
} from './fold';
import { Trail } from './trail';
import { WordAutomaton } from './word-automaton';

/** What may stand between two letters of a word that is spelt apart (`b . a . d`), characters. */
const MAX_GAP_CHARS = 8;
/** Scripts that put words together without spaces, or with endings: a banned word counts within a longer one too. */
const JOINING =
  /[\p{Script=Hangul}\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u;

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
  private readonly longest: number;

  constructor(words: readonly BannedWord[]) {
    const read = words.map(({ text, verdict }) => {
      const { symbols, gaps } = foldWord(text);
      return { symbols, value: { verdict, symbols: symbols.length, whole: !JOINING.test(text), gaps } };
    });
    this.automaton = new WordAutomaton(read);
    this.longest = read.reduce((most, { symbols }) => Math.max(most, symbols.length), 1);
  }

  begin(): Scanner {
    return new WordScanner(this.automaton, new Trail(this.longest));
  }
}

/** The state of the automaton is carried from piece to piece: what is held back is not read again. */
class WordScanner implements Scanner {
  private at = 0;
  /** The first half of a surrogate pair whose other half has not come. */
  private half = '';
  private node = 0;
  private gapChars = 0;
  private gaps = 0;
  /** Words that end at the last letter are not looked for yet: what follows it decides. */
  private undecided = false;
  private afterLetter = false;

  constructor(
    private readonly automaton: WordAutomaton<Rule>,
    private readonly trail: Trail,
  ) {}

  read(piece: string, last: boolean, _: Kept, found: Found[]): number {
    const { automaton, trail } = this;
    const text = this.half + piece;
    const base = this.at;
    let { node, gapChars, undecided, afterLetter } = this;
    let at = 0;
    while (at < text.length) {
      const unit = text.charCodeAt(at);
      const letter = unit < ASCII_SYMBOLS.length ? (ASCII_SYMBOLS[unit] ?? 0) : 0;
      // Most of a text in Latin letters: the same as below, without a look at what else it might be.
      if (letter > 0 && gapChars === 0) {
        if (undecided && automaton.firstEnd(node) !== -1) this.collect(node, true, found);
        trail.push(letter, base + at, base + at + 1, this.gaps, true, !afterLetter);
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
      if (fold >= LETTERS) {
        if (undecided && automaton.firstEnd(node) !== -1) this.collect(node, true, found);
        if (gapChars > 0) this.gaps += 1;
        if (gapChars > MAX_GAP_CHARS) node = 0;
        const first = firstSymbol(fold);
        const over = first + symbolCount(fold);
        for (let i = first; i < over; i++) {
          const symbol = FOLD_SYMBOLS[i] ?? 0;
          trail.push(symbol, base + at, base + next, this.gaps, i === first, !afterLetter);
          node = automaton.step(node, symbol);
        }
        gapChars = 0;
        undecided = true;
        afterLetter = true;
      } else if (fold === GAP) {
        if (undecided && automaton.firstEnd(node) !== -1) this.collect(node, false, found);
        undecided = false;
        afterLetter = false;
        gapChars += next - at;
      } else if (fold === ACCENT && gapChars === 0 && composes(trail.lastSymbol, code)) {
        trail.push(code, base + at, base + next, this.gaps, false, false);
        node = automaton.step(node, code);
      }
      at = next;
    }
    if (last && undecided) this.collect(node, false, found);
    this.half = at < text.length ? text.slice(at) : '';
    this.at = base + at;
    this.node = node;
    this.gapChars = gapChars;
    this.undecided = undecided;
    this.afterLetter = afterLetter;
    return last ? this.at : this.safe();
  }

  private safe(): number {
    const depth = this.gapChars > MAX_GAP_CHARS ? 0 : this.automaton.depth(this.node);
    return depth === 0 ? this.at : this.trail.startOf(this.trail.last - depth + 1);
  }

  /** The words that end at the last symbol. `goesOn`: a letter follows it. */
  private collect(node: number, goesOn: boolean, found: Found[]): void {
    const { automaton, trail } = this;
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
