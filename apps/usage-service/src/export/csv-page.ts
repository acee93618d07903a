import { USAGE_CSV_COLUMNS, type UsageCsvColumn } from '#contracts/usage-queries';
import type { Place } from '../reports/place';

type ColumnKind = 'freeText' | 'word' | 'number' | 'time';

/** What a column can hold. `freeText` comes from outside; a `word` is one of a few that Tandem itself writes. */
const KINDS: Record<UsageCsvColumn, ColumnKind> = {
  request_id: 'freeText',
  created_at: 'time',
  user_id: 'freeText',
  user_email: 'freeText',
  key_id: 'freeText',
  endpoint: 'word',
  model: 'freeText',
  profile: 'freeText',
  ctx_len: 'number',
  input_tokens: 'number',
  cached_tokens: 'number',
  output_tokens: 'number',
  reasoning_tokens: 'number',
  queue_ms: 'number',
  ttft_ms: 'number',
  latency_ms: 'number',
  status_code: 'number',
  outcome: 'word',
  count_method: 'word',
  error_code: 'freeText',
  stream: 'word',
};

/** The columns of the file in SQL, as `CsvPage` takes them. */
export const CSV_COLUMNS = USAGE_CSV_COLUMNS.map((column) =>
  column === 'stream' ? `CASE WHEN stream THEN 'true' ELSE 'false' END` : column,
).join(', ');

/** The places of these two in a row are also its place in the ledger. */
const [REQUEST_ID, CREATED_AT] = [0, 1];

const TAB = 0x09;
const NEWLINE = 0x0a;

/** Bytes that a line cannot simply be made of. `anywhere`: quotes, or COPY has escaped something. `first`: a formula. */
const enum Odd {
  no = 0,
  tab = 1,
  anywhere = 2,
  first = 3,
}
const ODD = new Uint8Array(256);
ODD[TAB] = Odd.tab;
for (const character of '",\\') ODD[character.charCodeAt(0)] = Odd.anywhere;
/** Also the first byte of full-width characters in UTF-8. */
for (const byte of [...Buffer.from('+-=@'), 0xef]) ODD[byte] = Odd.first;

/**
 * First characters that make a spreadsheet calculate (OWASP, "CSV Injection"): TAB, LF, CR, + - = @ and their full-width
 * twins, which spreadsheets take for the same in Korean and Japanese.
 */
const FORMULA = /^[\t\n\r+\-=@＋－＝＠]/u;
/** RFC 4180: a cell with one of these is quoted. */
const NEEDS_QUOTES = /[",\r\n]/;

/** `2026-11-21 10:00:00.123456+00`, as Postgres writes a time in UTC: the bytes up to the point. */
const [DATE_BYTES, TIME_BYTES] = ['2026-11-21'.length, '2026-11-21 10:00:00'.length];
/** A line is longer than its row by CRLF for LF and the digits of a millisecond that Postgres leaves out. */
const MORE_THAN_ROW = 16;

/**
 * Lines of the file, made of rows in COPY's text format. Postgres writes that format twice as fast as it can put together a
 * line of CSV by SQL, and nearly every row needs nothing but other separators: it is passed on byte by byte, since a million
 * rows of 21 columns as JavaScript values would take longer than everything else together.
 */
export class CsvPage {
  rows = 0;
  private length = 0;
  private bytes: Buffer;
  /** A copy: what pg hands over is overwritten by what comes after it. */
  private lastRow = Buffer.alloc(0);

  /** @param expectedBytes how much room is made to begin with. */
  constructor(expectedBytes: number) {
    this.bytes = Buffer.allocUnsafe(expectedBytes);
  }

  /** Of the lines so far. */
  get size(): number {
    return this.length;
  }

  /** The lines so far; of no use after the next `add`. */
  get lines(): Buffer {
    return this.bytes.subarray(0, this.length);
  }

  /** Which row was the last, as exact as Postgres holds it; null when there was none. */
  get last(): Place | null {
    if (this.rows === 0) return null;
    const texts = textsOf(this.lastRow.subarray(0, this.lastRow.indexOf(NEWLINE) + 1));
    return { createdAt: inIsoFormat(texts[CREATED_AT] ?? ''), requestId: texts[REQUEST_ID] ?? '' };
  }

  /** @param row with the newline at its end. */
  add(row: Buffer): void {
    this.makeRoom(row.length + MORE_THAN_ROW);
    const end = this.copyPlain(row);
    if (end < 0) this.addLine(lineOf(textsOf(row)));
    else this.length = end;
    this.rows++;
    if (this.lastRow.length < row.length) this.lastRow = Buffer.allocUnsafe(2 * row.length);
    row.copy(this.lastRow);
  }

  /** Writes the row with the separators of CSV. @returns where the line ends, or -1 where it needs more than that. */
  private copyPlain(row: Buffer): number {
    const { bytes } = this;
    const last = row.length - 1; // the newline
    let to = this.length;
    let first = true;
    let column = 0;
    for (let from = 0; from < last; from++) {
      const byte = row[from] as number;
      const odd = ODD[byte] as number;
      if (odd === (Odd.no as number)) {
        bytes[to++] = byte;
        first = false;
      } else if (odd === (Odd.tab as number)) {
        bytes[to++] = 0x2c;
        first = true;
        if (column++ === REQUEST_ID) {
          from = copyTime(row, from + 1, bytes, to) - 1;
          to += ISO_BYTES;
        }
      } else if (odd === (Odd.anywhere as number) || first) return -1;
      else bytes[to++] = byte;
    }
    bytes[to++] = 0x0d;
    bytes[to++] = 0x0a;
    return to;
  }

  private addLine(line: string): void {
    const bytes = Buffer.byteLength(line);
    this.makeRoom(bytes);
    this.length += this.bytes.write(line, this.length);
  }

  private makeRoom(more: number): void {
    if (this.length + more <= this.bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(2 * this.bytes.length, this.length + more));
    this.bytes.copy(larger, 0, 0, this.length);
    this.bytes = larger;
  }
}

const ISO_BYTES = '2026-11-21T10:00:00.123Z'.length;

/** Writes the time that begins at `from` in ISO 8601, in milliseconds. @returns where it ends in the row. */
function copyTime(row: Buffer, from: number, bytes: Buffer, to: number): number {
  row.copy(bytes, to, from, from + TIME_BYTES);
  bytes[to + DATE_BYTES] = 0x54; // T
  bytes[to + TIME_BYTES] = 0x2e; // .
  let end = from + TIME_BYTES;
  const hasFraction = row[end] === 0x2e;
  if (hasFraction) end++;
  for (let digit = 1; digit <= 3; digit++) {
    const byte = row[end] as number;
    const isDigit = hasFraction && byte >= 0x30 && byte <= 0x39;
    bytes[to + TIME_BYTES + digit] = isDigit ? byte : 0x30;
    if (isDigit) end++;
  }
  bytes[to + ISO_BYTES - 1] = 0x5a; // Z
  while (row[end] !== TAB) end++;
  return end;
}

/** The cells of a row in COPY's text format. */
function textsOf(row: Buffer): string[] {
  return row
    .toString('utf8', 0, row.length - 1)
    .split('\t')
    .map(unescaped);
}

const ESCAPED: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' };

/** PostgreSQL documentation, COPY, "Text Format". */
function unescaped(text: string): string {
  return text.includes('\\') ? text.replace(/\\(.)/gsu, (_, letter: string) => ESCAPED[letter] ?? letter) : text;
}

function lineOf(texts: readonly string[]): string {
  return `${USAGE_CSV_COLUMNS.map((column, at) => cell(KINDS[column], texts[at] ?? '')).join(',')}\r\n`;
}

function cell(kind: ColumnKind, text: string): string {
  switch (kind) {
    case 'freeText':
      return quoted(FORMULA.test(text) ? `'${text}` : text);
    case 'time':
      return new Date(inIsoFormat(text)).toISOString();
    case 'number':
    case 'word':
      return text;
  }
}

function quoted(text: string): string {
  return NEEDS_QUOTES.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** `2026-11-21 10:00:00.123456+00` with all of its digits. */
function inIsoFormat(time: string): string {
  return `${time.slice(0, DATE_BYTES)}T${time.slice(DATE_BYTES + 1).replace(/\+00$/, '')}Z`;
}
