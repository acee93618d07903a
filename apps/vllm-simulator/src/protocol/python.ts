/** vLLM is written in Python and its error texts show values as Python prints them. */

/** `str(float)`: whole numbers keep a ".0", NaN and infinities are lower case. */
export function pyFloat(value: number): string {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  const text = String(value);
  if (Number.isInteger(value) && !text.includes('e')) return `${text}.0`;
  return text.replace(/e([+-])(\d)$/, 'e$10$2');
}

/** `repr(str)`: single quotes unless the text has some and no double ones. */
export function pyString(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  const escaped = text
    .replaceAll('\\', '\\\\')
    .replaceAll('\n', '\\n')
    .replaceAll('\r', '\\r')
    .replaceAll('\t', '\\t')
    .replaceAll(quote, `\\${quote}`);
  return quote + escaped + quote;
}

/** `str(value)` of a JSON value. */
export function pyValue(value: unknown): string {
  if (value === null || value === undefined) return 'None';
  if (value === true) return 'True';
  if (value === false) return 'False';
  if (typeof value === 'number') return Number.isInteger(value) ? String(value) : pyFloat(value);
  if (typeof value === 'string') return value;
  if (Array.isArray(value)) return `[${value.map(pyRepr).join(', ')}]`;
  const entries = Object.entries(value as Record<string, unknown>);
  return `{${entries.map(([key, entry]) => `${pyString(key)}: ${pyRepr(entry)}`).join(', ')}}`;
}

/** `repr(value)` of a JSON value. */
export function pyRepr(value: unknown): string {
  return typeof value === 'string' ? pyString(value) : pyValue(value);
}

/** `json.dumps(value)` with Python's separators and ASCII only, as in the error event of a stream. */
export function pyJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(pyJson).join(', ')}]`;
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).map(([key, entry]) => `${pyJson(key)}: ${pyJson(entry)}`);
    return `{${entries.join(', ')}}`;
  }
  const text = JSON.stringify(value);
  return text.replace(/[\u007f-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
