import { IBAN_LENGTHS, LONGEST_PII } from './pii';

/** What a character is to personal data, as bits. */
const LETTER = 1;
const DIGIT = 2;
/** `+` and `(`, with which a phone number may begin. */
const SIGN = 4;
/** What may stand between the digits of a number. */
const JOINT = 8;
/** In no e-mail address. */
const BREAK = 16;
/** There is no e-mail address without one. */
const AT = 32;
const UNDERSCORE = 64;
/** What may stand within an IBAN. */
const IBAN_JOINT = 128;
/** `\w` */
const WORD = LETTER | DIGIT | UNDERSCORE;
/** The shortest number that is looked for: a country's sign and eight digits. */
const FEWEST_DIGITS = 8;

const ASCII = Uint8Array.from({ length: 128 }, (_, code) => kindOfAscii(String.fromCharCode(code)));

/** Its country, its check digits and what stands in front of them, characters. */
const IBAN_START = 5;

/** An IBAN that may be under way: where it began and how much of it is there, spaces and dashes aside. */
interface Iban {
  start: number;
  characters: number;
  length: number;
}

/**
 * Reads a text in pieces, each character once, and knows where personal data may be under way at its end: an e-mail address in the
 * last word, a number in the last run of digits, an IBAN behind its country.
 */
export class PiiFront {
  /** The last character that makes it worth a look at forms: an @, the eighth digit of a run, the end of an IBAN; -1: none. */
  lastSign = -1;
  /** How much has come. */
  at = 0;
  private before = 0;
  /** The end of what came before the piece. */
  private behind = '';
  /** Where the last word began: what has no break in it. */
  private word = 0;
  /** Where the run of digits at the end began; -1: there is none. */
  private number = -1;
  /** Where the signs at the end began that may introduce a number; -1: there are none. */
  private signs = -1;
  /** What stands in front of them. */
  private beforeSigns = 0;
  /** Digits of the run at the end, whatever stands in front of it. */
  private digits = 0;
  private ibans: Iban[] = [];

  /** Where something begins that may become personal data when more text follows; the end: nothing does. */
  get begin(): number {
    let begin = this.word;
    if (this.number !== -1) begin = Math.min(begin, this.number);
    if (this.signs !== -1) begin = Math.min(begin, this.signs);
    for (const { start } of this.ibans) begin = Math.min(begin, start);
    return Math.max(begin, this.at - LONGEST_PII);
  }

  /** @param piece what comes next. */
  read(piece: string): void {
    const base = this.at;
    for (let i = 0; i < piece.length; i++) {
      const unit = piece.charCodeAt(i);
      const kind = unit < 128 ? (ASCII[unit] ?? 0) : kindOf(unit);
      const at = base + i;
      if ((kind & BREAK) !== 0) this.word = at + 1;
      if ((kind & AT) !== 0) this.lastSign = at;
      if ((kind & ~LETTER) !== 0 || this.digits > 0 || this.signs !== -1) this.readNumber(kind, at);
      if (this.ibans.length > 0) this.goOn(kind, at);
      if ((kind & DIGIT) !== 0 && (this.before & DIGIT) !== 0) this.beginIban(piece, i, at);
      this.before = kind;
    }
    this.at = base + piece.length;
    this.behind = piece.length >= IBAN_START ? piece : (this.behind + piece).slice(-IBAN_START);
  }

  /** A number begins with a digit, or signs before one, that no letter or digit stands in front of. */
  private readNumber(kind: number, at: number): void {
    if ((kind & SIGN) !== 0) {
      if (this.signs === -1) {
        this.signs = at;
        this.beforeSigns = this.before;
      }
      return;
    }
    if ((kind & DIGIT) !== 0) {
      this.digits += 1;
      if (this.digits >= FEWEST_DIGITS) this.lastSign = at;
      if (this.number === -1) {
        if (this.signs !== -1) this.number = (this.beforeSigns & WORD) === 0 ? this.signs : this.signs + 1;
        else if ((this.before & WORD) === 0) this.number = at;
      }
    } else if ((kind & JOINT) === 0) {
      this.number = -1;
      this.digits = 0;
    }
    this.signs = -1;
  }

  /** Two letters and two digits, of which the last one is here, and nothing of a word in front of them. */
  private beginIban(piece: string, i: number, at: number): void {
    const text = i >= IBAN_START - 1 ? piece : this.behind + piece;
    const end = text.length - piece.length + i;
    const length = IBAN_LENGTHS[countryAt(text, end - 3)];
    if (length === undefined || (end > 3 && (kindOf(text.charCodeAt(end - 4)) & WORD) !== 0)) return;
    this.ibans.push({ start: at - 3, characters: 4, length });
  }

  /** One that is complete is over, whether it goes on or not. */
  private goOn(kind: number, at: number): void {
    const taken = (kind & (LETTER | DIGIT)) !== 0;
    this.ibans =
      taken || (kind & IBAN_JOINT) !== 0 ? this.ibans.filter(({ characters, length }) => characters < length) : [];
    if (!taken) return;
    for (const iban of this.ibans) {
      iban.characters += 1;
      if (iban.characters === iban.length) this.lastSign = at;
    }
  }
}

/** Full-width forms are read as the plain ones. */
function kindOf(unit: number): number {
  if (unit >= 0xff01 && unit <= 0xff5e) return ASCII[unit - 0xfee0] ?? 0;
  if (unit >= 0x2010 && unit <= 0x2015) return JOINT;
  // Hangul and Chinese are most of what is left.
  if (unit >= 0x3001 && unit <= 0xfefe) return 0;
  return unit < 128 ? (ASCII[unit] ?? 0) : /\s/.test(String.fromCharCode(unit)) ? BREAK : 0;
}

function kindOfAscii(character: string): number {
  if (/[A-Za-z]/.test(character)) return LETTER;
  if (/\d/.test(character)) return DIGIT;
  return (
    (/[+(]/.test(character) ? SIGN : 0) |
    (/[ ).-]/.test(character) ? JOINT : 0) |
    (/[ -]/.test(character) ? IBAN_JOINT : 0) |
    (/[\s<>()[\],;:"]/.test(character) ? BREAK : 0) |
    (character === '@' ? AT : 0) |
    (character === '_' ? UNDERSCORE : 0)
  );
}

/** The two letters at `at`, as a country is written. */
function countryAt(text: string, at: number): string {
  let country = '';
  for (const character of text.slice(Math.max(0, at), Math.max(0, at + 2))) {
    const unit = character.charCodeAt(0);
    country += unit >= 0xff01 && unit <= 0xff5e ? String.fromCharCode(unit - 0xfee0) : character;
  }
  return country.toUpperCase();
}
