import { USAGE_CSV_COLUMNS, type UsageCsvColumn } from '#contracts/usage-queries';

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

/**
 * First characters that make a spreadsheet calculate (OWASP, "CSV Injection"): TAB, LF, CR, + - = @ and their full-width
 * twins, which spreadsheets take for the same in Korean and Japanese.
 */
const FORMULA_STARTS = [9, 10, 13, 43, 45, 61, 64, 0xff0b, 0xff0d, 0xff1d, 0xff20].join(', ');

/** RFC 4180: a cell with one of these is quoted. */
const NEEDS_QUOTES = `'[",\\r\\n]'`;

const FREE_TEXTS = USAGE_CSV_COLUMNS.filter((column) => KINDS[column] === 'freeText');

/**
 * SQL for a row as a line of CSV with CRLF. Postgres writes the lines: a million rows of 21 columns as JavaScript values
 * would take longer than everything else together. Nearly all rows need neither quotes nor a disarmed cell, and one look
 * at all of their texts tells.
 */
export const CSV_LINE = `CASE WHEN ${looksHarmless()} THEN ${line((column) => column)} ELSE ${line(safely)} END`;

function looksHarmless(): string {
  const quiet = `concat(${FREE_TEXTS.join(', ')}) !~ ${NEEDS_QUOTES}`;
  return [quiet, ...FREE_TEXTS.map((column) => `${startsFormula(column)} IS NOT TRUE`)].join(' AND ');
}

function line(text: (column: string) => string): string {
  const cells = USAGE_CSV_COLUMNS.map((column) => cell(column, text));
  return `concat(${cells.join(`, ',', `)}, E'\\r\\n')`;
}

function cell(column: UsageCsvColumn, text: (column: string) => string): string {
  switch (KINDS[column]) {
    case 'freeText':
      return text(column);
    case 'time':
      return `to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;
    case 'number':
      return column;
    case 'word':
      return column === 'stream' ? `CASE WHEN stream THEN 'true' ELSE 'false' END` : column;
  }
}

/** A leading apostrophe makes a text of what would be a formula. */
function safely(column: string): string {
  const disarmed = `CASE WHEN ${startsFormula(column)} THEN '''' || ${column} ELSE ${column} END`;
  return `CASE WHEN ${column} ~ ${NEEDS_QUOTES} THEN '"' || replace(${disarmed}, '"', '""') || '"' ELSE ${disarmed} END`;
}

function startsFormula(column: string): string {
  return `ascii(${column}) IN (${FORMULA_STARTS})`;
}
