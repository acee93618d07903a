/** Why and where Python's json module stopped reading. */
export class PythonJsonError extends Error {
  constructor(
    message: string,
    readonly position: number,
  ) {
    super(message);
  }
}

const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const CONSTANTS: readonly (readonly [string, unknown])[] = [
  ['null', null],
  ['true', true],
  ['false', false],
  ['NaN', Number.NaN],
  ['Infinity', Number.POSITIVE_INFINITY],
  ['-Infinity', Number.NEGATIVE_INFINITY],
];
const ESCAPES: Readonly<Record<string, string>> = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
};

/**
 * JSON as Python reads it: NaN and Infinity are numbers, and errors have Python's words and positions
 * (json/decoder.py). Valid JSON takes the fast road.
 */
export function parsePythonJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return new PythonJsonReader(text).document();
  }
}

class PythonJsonReader {
  private at = 0;

  constructor(private readonly text: string) {}

  document(): unknown {
    this.skipSpace();
    const value = this.value();
    this.skipSpace();
    if (this.at < this.text.length) throw new PythonJsonError('Extra data', this.at);
    return value;
  }

  private value(): unknown {
    const start = this.at;
    const first = this.text[start];
    if (first === '"') return this.string();
    if (first === '{') return this.object();
    if (first === '[') return this.array();
    for (const [word, value] of CONSTANTS) {
      if (this.text.startsWith(word, start)) {
        this.at += word.length;
        return value;
      }
    }
    NUMBER.lastIndex = start;
    const number = NUMBER.exec(this.text)?.[0];
    if (number === undefined) throw new PythonJsonError('Expecting value', start);
    this.at += number.length;
    return Number(number);
  }

  private array(): unknown[] {
    const items: unknown[] = [];
    this.at++;
    this.skipSpace();
    if (this.take(']')) return items;
    for (;;) {
      items.push(this.value());
      this.skipSpace();
      if (this.take(']')) return items;
      if (!this.take(',')) throw new PythonJsonError("Expecting ',' delimiter", this.at);
      this.skipSpace();
    }
  }

  private object(): Record<string, unknown> {
    const entries: [string, unknown][] = [];
    this.at++;
    this.skipSpace();
    if (this.take('}')) return {};
    for (;;) {
      if (this.text[this.at] !== '"') {
        throw new PythonJsonError('Expecting property name enclosed in double quotes', this.at);
      }
      const key = this.string();
      this.skipSpace();
      if (!this.take(':')) throw new PythonJsonError("Expecting ':' delimiter", this.at);
      this.skipSpace();
      entries.push([key, this.value()]);
      this.skipSpace();
      if (this.take('}')) return Object.fromEntries(entries);
      if (!this.take(',')) throw new PythonJsonError("Expecting ',' delimiter", this.at);
      this.skipSpace();
    }
  }

  private string(): string {
    const begin = this.at;
    let out = '';
    this.at++;
    for (;;) {
      const char = this.text[this.at];
      if (char === undefined) throw new PythonJsonError('Unterminated string starting at', begin);
      if (char === '"') {
        this.at++;
        return out;
      }
      if (char < ' ') throw new PythonJsonError('Invalid control character at', this.at);
      if (char === '\\') out += this.escape(begin);
      else {
        out += char;
        this.at++;
      }
    }
  }

  private escape(begin: number): string {
    const code = this.text[this.at + 1];
    if (code === undefined) throw new PythonJsonError('Unterminated string starting at', begin);
    if (code === 'u') {
      const hex = this.text.slice(this.at + 2, this.at + 6);
      if (!/^[0-9a-fA-F]{4}$/.test(hex)) throw new PythonJsonError('Invalid \\uXXXX escape', this.at + 1);
      this.at += 6;
      return String.fromCharCode(Number.parseInt(hex, 16));
    }
    const plain = ESCAPES[code];
    if (plain === undefined) throw new PythonJsonError('Invalid \\escape', this.at);
    this.at += 2;
    return plain;
  }

  private take(char: string): boolean {
    if (this.text[this.at] !== char) return false;
    this.at++;
    return true;
  }

  private skipSpace(): void {
    while (this.at < this.text.length && ' \t\n\r'.includes(this.text[this.at] ?? '')) this.at++;
  }
}
