/**
 * How a text is read when banned words are looked for: compatibility forms (full width, circled, mathematical), case,
 * invisible characters and struck-through letters make no difference, and Hangul is read letter by letter, so that
 * `ㅂㅏㅂㅗ` reads as `바보` does (NFKD, Unicode Annex 15, and the letters of Unicode's Hangul Jamo block).
 */

/** What one code point is: one of the three below, or where its symbols stand in `FOLD_SYMBOLS`. */
export type Folded = number;

/** White space, punctuation, signs. */
export const GAP = 1;
/** Invisible: as if it was not there. */
export const NOTHING = 2;
/** Belongs to the letter before it, if the two make another letter together; else it is as if it was not there. */
export const ACCENT = 3;
/** From here on: letters and digits. */
export const LETTERS = 4;
/** Of a code point there are fewer symbols: the most has U+FDFA, 18. */
const COUNT_BITS = 5;
/** Code points above U+FFFF that are remembered, which nearly all texts do with. */
const MAX_MET_BEYOND = 4_096;

const LETTER = /[\p{L}\p{N}]/u;
const MARK = /\p{M}/u;
const INVISIBLE = /[\p{Cf}\p{Default_Ignorable_Code_Point}]/u;
/** Marks that can stand on any letter, and that make a text look struck through; those of single scripts are letters. */
const GENERIC_ACCENT = /[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]/u;

/** Vowels and final consonants that are written as two letters when they are typed one by one. */
const PARTS: Readonly<Record<string, string>> = {
  ㅘ: 'ㅗㅏ',
  ㅙ: 'ㅗㅐ',
  ㅚ: 'ㅗㅣ',
  ㅝ: 'ㅜㅓ',
  ㅞ: 'ㅜㅔ',
  ㅟ: 'ㅜㅣ',
  ㅢ: 'ㅡㅣ',
  ㄳ: 'ㄱㅅ',
  ㄵ: 'ㄴㅈ',
  ㄶ: 'ㄴㅎ',
  ㄺ: 'ㄹㄱ',
  ㄻ: 'ㄹㅁ',
  ㄼ: 'ㄹㅂ',
  ㄽ: 'ㄹㅅ',
  ㄾ: 'ㄹㅌ',
  ㄿ: 'ㄹㅍ',
  ㅀ: 'ㄹㅎ',
  ㅄ: 'ㅂㅅ',
};
const LEADING = 'ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ';
const VOWELS = 'ㅏㅐㅑㅒㅓㅔㅕㅖㅗㅘㅙㅚㅛㅜㅝㅞㅟㅠㅡㅢㅣ';
const TRAILING = 'ㄱㄲㄳㄴㄵㄶㄷㄹㄺㄻㄼㄽㄾㄿㅀㅁㅂㅄㅅㅆㅇㅈㅊㅋㅌㅍㅎ';

/** The symbols of all code points that were met, one after the other: UTF-16 code units of the letters they stand for. */
export let FOLD_SYMBOLS = new Uint16Array(2 ** 12);
let symbolsUsed = 0;
/** Below U+10000 at their place; 0: not met yet. */
const met = new Uint32Array(0x10000);
const metBeyond = new Map<number, Folded>();

/** What a code point is read as. */
export function folded(codePoint: number): Folded {
  const known = codePoint > 0xffff ? metBeyond.get(codePoint) : met[codePoint];
  return known === undefined || known === 0 ? meet(codePoint) : known;
}

/** Where the symbols begin. */
export function firstSymbol(fold: Folded): number {
  return (fold - LETTERS) >>> COUNT_BITS;
}

export function symbolCount(fold: Folded): number {
  return (fold - LETTERS) & ((1 << COUNT_BITS) - 1);
}

function meet(codePoint: number): Folded {
  const read = foldOne(String.fromCodePoint(codePoint));
  const kept = symbolsUsed;
  const fold = typeof read === 'number' ? read : keep(read);
  if (codePoint <= 0xffff) met[codePoint] = fold;
  else if (metBeyond.size < MAX_MET_BEYOND) metBeyond.set(codePoint, fold);
  // Good until the next one is met.
  else symbolsUsed = kept;
  return fold;
}

function keep(symbols: string): Folded {
  if (symbolsUsed + symbols.length > FOLD_SYMBOLS.length) {
    const more = new Uint16Array(FOLD_SYMBOLS.length * 2);
    more.set(FOLD_SYMBOLS);
    FOLD_SYMBOLS = more;
  }
  const first = symbolsUsed;
  for (let i = 0; i < symbols.length; i++) FOLD_SYMBOLS[symbolsUsed++] = symbols.charCodeAt(i);
  return LETTERS + ((first << COUNT_BITS) | symbols.length);
}

/** Whether an accent makes another letter of the one before it (e + ´), and does not just strike it through. */
export function composes(base: number, accent: number): boolean {
  const pair = String.fromCharCode(base, accent);
  return pair.normalize('NFC').length === 1;
}

/** The symbol of an ASCII letter or digit; 0 for any other sign. */
export const ASCII_SYMBOLS = Uint8Array.from({ length: 128 }, (_, code) => {
  const fold = foldOne(String.fromCharCode(code));
  return typeof fold === 'string' ? fold.charCodeAt(0) : 0;
});

/** A word as it is looked for: its symbols, and how often it has something between them. */
export interface FoldedWord {
  symbols: number[];
  gaps: number;
}

export function foldWord(word: string): FoldedWord {
  const symbols: number[] = [];
  let gaps = 0;
  let inGap = false;
  for (const character of word) {
    const fold = folded(character.codePointAt(0) ?? 0);
    if (fold >= LETTERS) {
      if (inGap && symbols.length > 0) gaps += 1;
      inGap = false;
      for (let i = 0; i < symbolCount(fold); i++) symbols.push(FOLD_SYMBOLS[firstSymbol(fold) + i] ?? 0);
    } else if (fold === GAP) inGap = true;
    else if (fold === ACCENT && composes(symbols.at(-1) ?? 0, character.charCodeAt(0)))
      symbols.push(character.charCodeAt(0));
  }
  return { symbols, gaps };
}

/** The symbols, or what else it is. */
function foldOne(character: string): string | typeof GAP | typeof NOTHING | typeof ACCENT {
  if (INVISIBLE.test(character)) return NOTHING;
  if (GENERIC_ACCENT.test(character)) return ACCENT;
  const decomposed = character.normalize('NFKD').toUpperCase().toLowerCase().normalize('NFKD');
  let symbols = '';
  for (const part of decomposed) if (LETTER.test(part) || MARK.test(part)) symbols += hangulLetters(part);
  if (symbols === '') return INVISIBLE.test(decomposed) ? NOTHING : GAP;
  return symbols;
}

/** Conjoining letters (U+1100 to U+11FF) as those that a keyboard types. */
function hangulLetters(part: string): string {
  const code = part.charCodeAt(0);
  let letter = part;
  if (code >= 0x1100 && code <= 0x1112) letter = LEADING[code - 0x1100] ?? part;
  else if (code >= 0x1161 && code <= 0x1175) letter = VOWELS[code - 0x1161] ?? part;
  else if (code >= 0x11a8 && code <= 0x11c2) letter = TRAILING[code - 0x11a8] ?? part;
  return PARTS[letter] ?? letter;
}
