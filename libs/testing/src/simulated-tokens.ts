/**
 * The simulator's tokenizer: arithmetic instead of a vocabulary file, so that any text can be tokenized and
 * detokenized exactly. English comes to about three letters a token, a Korean syllable is one token; emoji (outside
 * the Basic Multilingual Plane) are UTF-8 bytes, one token each, so a stream really does split them.
 *
 * ids: 0..2 special | 256 bytes | characters of the Basic Multilingual Plane, without surrogates and private use |
 * words of one to three letters, without and with a space before.
 */
export const END_OF_TEXT = 0;
export const IM_START = 1;
export const IM_END = 2;
/** The token that ends an answer, as in ChatML. */
export const EOS = IM_END;

const SPECIAL = ['<|endoftext|>', '<|im_start|>', '<|im_end|>'] as const;
const FIRST_BYTE = SPECIAL.length;
const FIRST_UNIT = FIRST_BYTE + 256;
/** Surrogates and private use: no tokens of their own. */
const GAP_START = 0xd800;
const GAP_END = 0xf900;
const FIRST_WORD = FIRST_UNIT + 65_536 - (GAP_END - GAP_START);
const LETTERS = 26;
const LONGEST_WORD = 3;
/** How many words of one to three letters there are. */
const WORDS = LETTERS + LETTERS ** 2 + LETTERS ** 3;

export const VOCABULARY_SIZE = FIRST_WORD + 2 * WORDS;

const A = 0x61;
const Z = 0x7a;
const SPACE = 0x20;

const encoder = new TextEncoder();

const isLetter = (code: number): boolean => code >= A && code <= Z;
const isHighSurrogate = (code: number): boolean => code >= 0xd800 && code <= 0xdbff;
const hasNoToken = (code: number): boolean => code >= GAP_START && code < GAP_END;

/** Words of one letter come first, then those of two, and so on; within a length, alphabetically. */
function wordIndex(text: string, start: number, end: number): number {
  let index = -1;
  for (let i = start; i < end; i++) index = (index + 1) * LETTERS + (text.charCodeAt(i) - A);
  return index;
}

function wordAt(index: number): string {
  let rest = index;
  let word = '';
  for (;;) {
    word = String.fromCharCode(A + (rest % LETTERS)) + word;
    if (rest < LETTERS) return word;
    rest = Math.floor(rest / LETTERS) - 1;
  }
}

/** Token ids of `text`. The text must be well-formed (no lone surrogates), as for a real tokenizer. */
export function tokenize(text: string): number[] {
  const ids: number[] = [];
  let at = 0;
  while (at < text.length) {
    const code = text.charCodeAt(at);
    const spaced = code === SPACE && isLetter(text.charCodeAt(at + 1));
    if (spaced || isLetter(code)) {
      const start = spaced ? at + 1 : at;
      let end = start + 1;
      while (end < start + LONGEST_WORD && isLetter(text.charCodeAt(end))) end++;
      ids.push(FIRST_WORD + (spaced ? WORDS : 0) + wordIndex(text, start, end));
      at = end;
    } else if (hasNoToken(code)) {
      const units = isHighSurrogate(code) ? 2 : 1;
      for (const byte of encoder.encode(text.slice(at, at + units))) ids.push(FIRST_BYTE + byte);
      at += units;
    } else {
      ids.push(FIRST_UNIT + (code < GAP_START ? code : code - (GAP_END - GAP_START)));
      at++;
    }
  }
  return ids;
}

/** What one token says: a text, or one byte of a character that takes several tokens. Null for ids out of range. */
export function tokenPiece(id: number): string | number | null {
  if (id < 0 || id >= VOCABULARY_SIZE) return null;
  if (id >= FIRST_WORD) {
    const index = id - FIRST_WORD;
    return index >= WORDS ? ` ${wordAt(index - WORDS)}` : wordAt(index);
  }
  if (id >= FIRST_UNIT) {
    const unit = id - FIRST_UNIT;
    return String.fromCharCode(unit < GAP_START ? unit : unit + (GAP_END - GAP_START));
  }
  if (id >= FIRST_BYTE) return id - FIRST_BYTE;
  return SPECIAL[id] ?? null;
}

/**
 * Turns tokens into text one at a time. Bytes of an unfinished character are held back (the piece is ''), and come
 * as one character, or as U+FFFD when the next token shows that they never will be one: what vLLM's detokenizer does.
 */
export class Detokenizer {
  private held: number[] = [];

  push(id: number): string {
    const piece = tokenPiece(id);
    if (typeof piece === 'number') return this.pushByte(piece);
    const broken = this.held.length > 0 ? '\ufffd' : '';
    this.held = [];
    return broken + (piece === null || id < FIRST_BYTE ? '' : piece);
  }

  private pushByte(byte: number): string {
    this.held.push(byte);
    const text = Buffer.from(this.held).toString('utf8');
    if (text.includes('\ufffd')) return '';
    this.held = [];
    return text;
  }
}

/** Text of whole tokens, special tokens included, as /detokenize gives it. */
export function detokenize(ids: readonly number[]): string {
  const detokenizer = new Detokenizer();
  return ids.map((id) => (id >= 0 && id < FIRST_BYTE ? (SPECIAL[id] ?? '') : detokenizer.push(id))).join('');
}
