import { type Problem } from './api-error';

export type Body = Readonly<Record<string, unknown>>;

/**
 * Reads fields as pydantic does in its lax mode ("2" is an integer, "yes" is true) and collects what is wrong.
 * `null` stands for a field that is absent or null.
 */
export class FieldReader {
  readonly problems: Problem[] = [];

  constructor(private readonly body: Body) {}

  raw(name: string): unknown {
    return this.body[name];
  }

  integer(name: string, bounds: { min?: number } = {}): number | null {
    const input = this.body[name];
    if (input === undefined || input === null) return null;
    const value = toNumber(input);
    if (value === 'unparsable') {
      return this.fail(name, 'int_parsing', 'Input should be a valid integer, unable to parse string as an integer');
    }
    if (value === 'wrong type') return this.fail(name, 'int_type', 'Input should be a valid integer');
    if (!Number.isFinite(value)) return this.fail(name, 'finite_number', 'Input should be a finite number');
    if (!Number.isInteger(value)) {
      return typeof input === 'string'
        ? this.fail(name, 'int_parsing', 'Input should be a valid integer, unable to parse string as an integer')
        : this.fail(name, 'int_from_float', 'Input should be a valid integer, got a number with a fractional part');
    }
    if (bounds.min !== undefined && value < bounds.min) {
      const ctx = `{'ge': ${bounds.min}}`;
      return this.fail(name, 'greater_than_equal', `Input should be greater than or equal to ${bounds.min}`, ctx);
    }
    return value;
  }

  float(name: string): number | null {
    const input = this.body[name];
    if (input === undefined || input === null) return null;
    const value = toNumber(input);
    if (value === 'unparsable') {
      return this.fail(name, 'float_parsing', 'Input should be a valid number, unable to parse string as a number');
    }
    if (value === 'wrong type') return this.fail(name, 'float_type', 'Input should be a valid number');
    return value;
  }

  boolean(name: string): boolean | null {
    const input = this.body[name];
    if (input === undefined || input === null) return null;
    if (typeof input === 'boolean') return input;
    if (input === 1 || input === 0) return input === 1;
    if (typeof input === 'string' || typeof input === 'number') {
      const word = String(input).toLowerCase();
      if (['1', 'true', 't', 'yes', 'y', 'on'].includes(word)) return true;
      if (['0', 'false', 'f', 'no', 'n', 'off'].includes(word)) return false;
      return this.fail(name, 'bool_parsing', 'Input should be a valid boolean, unable to interpret input');
    }
    return this.fail(name, 'bool_type', 'Input should be a valid boolean');
  }

  string(name: string): string | null {
    const input = this.body[name];
    if (input === undefined || input === null) return null;
    if (typeof input === 'string') return input;
    return this.fail(name, 'string_type', 'Input should be a valid string');
  }

  /** At most four strings, or one (`stop` of OpenAI's API). */
  stop(): readonly string[] {
    const input = this.body['stop'];
    if (input === undefined || input === null) return [];
    if (typeof input === 'string') return [input];
    const strings = Array.isArray(input) ? input.filter((item) => typeof item === 'string') : [];
    if (Array.isArray(input) && strings.length === input.length && input.length <= 4) return strings;
    this.fail('stop', 'string_type', 'Input should be a valid string');
    if (!Array.isArray(input)) {
      this.fail('stop', 'list_type', 'Input should be a valid list');
    } else if (input.length > 4) {
      const ctx = `{'field_type': 'List', 'max_length': 4, 'actual_length': ${input.length}}`;
      const msg = `List should have at most 4 items after validation, not ${input.length}`;
      this.fail('stop', 'too_long', msg, ctx);
    } else {
      input.forEach((item: unknown, index) => {
        if (typeof item === 'string') return;
        this.problems.push({
          type: 'string_type',
          loc: `body.stop.${index}`,
          msg: 'Input should be a valid string',
          input: item,
        });
      });
    }
    return [];
  }

  /** For a field that must be there and is not. */
  missing(name: string): void {
    this.problems.push({ type: 'missing', loc: `body.${name}`, msg: 'Field required', input: this.body });
  }

  fail(name: string, type: string, msg: string, ctx?: string): null {
    this.problems.push({
      type,
      loc: `body.${name}`,
      msg,
      input: this.body[name],
      ...(ctx === undefined ? {} : { ctx }),
    });
    return null;
  }
}

function toNumber(input: unknown): number | 'unparsable' | 'wrong type' {
  if (typeof input === 'number') return input;
  if (typeof input === 'boolean') return input ? 1 : 0;
  if (typeof input !== 'string') return 'wrong type';
  const text = input.trim();
  return text === '' || Number.isNaN(Number(text)) ? 'unparsable' : Number(text);
}
