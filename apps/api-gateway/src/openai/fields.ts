import { CodedError } from '#contracts/errors';

/** Checks one value; throws a `CodedError` that names `path`. */
export type Check = (value: unknown, path: string) => void;

/** A path may hold a key that the client chose; longer ones are not repeated whole. */
const MAX_PATH_CHARS = 200;

/** @throws CodedError always: `invalid_value` at `path`. */
export function refuse(path: string, problem: string): never {
  const param = path.slice(0, MAX_PATH_CHARS).toWellFormed();
  throw new CodedError('invalid_value', `Invalid value for '${param}': ${problem}.`, { param });
}

export function number(min: number, max: number, exclusiveMin = false): Check {
  return (value, path) => {
    if (typeof value !== 'number' || !Number.isFinite(value))
      return refuse(path, `expected a number, but got ${kindOf(value)}`);
    if (value < min || value > max || (exclusiveMin && value === min)) {
      refuse(
        path,
        `expected a number ${exclusiveMin ? 'above' : 'from'} ${min} ${exclusiveMin ? 'and up ' : ''}to ${max}, but got ${value}`,
      );
    }
  };
}

export function integer(min: number, max: number): Check {
  return (value, path) => {
    if (typeof value !== 'number' || !Number.isSafeInteger(value))
      return refuse(path, `expected an integer, but got ${kindOf(value)}`);
    if (value < min || value > max) refuse(path, `expected an integer from ${min} to ${max}, but got ${value}`);
  };
}

export const boolean: Check = (value, path) => {
  if (typeof value !== 'boolean') refuse(path, `expected a boolean, but got ${kindOf(value)}`);
};

export function string(maxLength: number, minLength = 0): Check {
  return (value, path) => {
    if (typeof value !== 'string') return refuse(path, `expected a string, but got ${kindOf(value)}`);
    if (value.length < minLength) refuse(path, 'it is empty');
    if (value.length > maxLength) refuse(path, `it is longer than ${maxLength} characters`);
  };
}

export function oneOf(...allowed: readonly string[]): Check {
  return (value, path) => {
    if (typeof value !== 'string' || !allowed.includes(value)) {
      refuse(path, `expected one of ${allowed.map((v) => `'${v}'`).join(', ')}, but got ${shown(value)}`);
    }
  };
}

export function array(check: Check, maxItems: number, minItems = 0): Check {
  return (value, path) => {
    if (!Array.isArray(value)) return refuse(path, `expected an array, but got ${kindOf(value)}`);
    if (value.length < minItems) refuse(path, `expected at least ${minItems} item${minItems === 1 ? '' : 's'}`);
    if (value.length > maxItems) refuse(path, `expected at most ${maxItems} items, but got ${value.length}`);
    for (let i = 0; i < value.length; i++) check(value[i], `${path}[${i}]`);
  };
}

/** Passes when one of the checks passes; else the last one's complaint is thrown. */
export function either(...checks: readonly [Check, ...Check[]]): Check {
  return (value, path) => {
    let complaint: unknown;
    for (const check of checks) {
      try {
        check(value, path);
        return;
      } catch (error) {
        complaint = error;
      }
    }
    throw complaint;
  };
}

/** @throws CodedError when it is no object. */
export function asObject(value: unknown, path: string): Record<string, unknown> {
  if (!isObject(value)) refuse(path, `expected an object, but got ${kindOf(value)}`);
  return value;
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'number') return Number.isInteger(value) ? 'an integer' : 'a number';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

/** A value as a message may repeat it: short, and never the content of a prompt. */
function shown(value: unknown): string {
  return typeof value === 'string' && value.length <= 40 ? `'${value}'` : kindOf(value);
}
