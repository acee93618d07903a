import { badRequest } from './api-error';

type Schema = Readonly<Record<string, unknown>>;

const TYPES = new Set(['object', 'array', 'string', 'number', 'integer', 'boolean', 'null']);
/** Deep enough for real schemas, and an end for those that refer to themselves. */
const MAX_DEPTH = 12;

const isObject = (value: unknown): value is Schema =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const asNumber = (value: unknown, fallback: number): number => (typeof value === 'number' ? value : fallback);

/** MAX_STRUCTURED_OUTPUT_JSON_NESTING of vllm/sampling_params.py. */
const MAX_NESTING = 64;

/** Throws the 400 of vLLM's grammar compiler for a schema that it cannot compile. */
export function checkSchema(schema: unknown, depth = 0): void {
  if (depth > MAX_NESTING) {
    throw badRequest(`The JSON schema is nested too deeply: objects and arrays may nest at most ${MAX_NESTING} levels`);
  }
  if (!isObject(schema)) return;
  const { type, properties } = schema;
  if (typeof type === 'string' && !TYPES.has(type)) throw badRequest(`Grammar error: Invalid type: ${type}`);
  const parts = [properties, schema['$defs']].filter(isObject).flatMap((part) => Object.values(part));
  const options = ['anyOf', 'oneOf', 'allOf']
    .map((key) => schema[key])
    .filter((value): value is unknown[] => Array.isArray(value));
  for (const part of [...parts, schema['items'], ...options.flat()]) checkSchema(part, depth + 1);
}

/** A small value that satisfies the schema. Strings say that they are simulated, if they are allowed to be that long. */
export function sampleOf(schema: unknown, root: unknown = schema, depth = 0): unknown {
  if (!isObject(schema) || depth > MAX_DEPTH) return null;
  const reference = schema['$ref'];
  if (typeof reference === 'string') return sampleOf(resolve(reference, root), root, depth + 1);
  if ('const' in schema) return schema['const'];
  const choices = schema['enum'];
  if (Array.isArray(choices)) return choices[0];
  for (const key of ['anyOf', 'oneOf', 'allOf']) {
    const options = schema[key];
    if (Array.isArray(options)) return sampleOf(options[0], root, depth + 1);
  }
  const type: unknown = Array.isArray(schema['type']) ? schema['type'][0] : schema['type'];
  switch (type) {
    case 'array': {
      const length = Math.max(1, asNumber(schema['minItems'], 1));
      const size = Math.min(length, asNumber(schema['maxItems'], length));
      return Array.from({ length: size }, () => sampleOf(schema['items'], root, depth + 1));
    }
    case 'string':
      return sampleString(schema);
    case 'integer':
    case 'number':
      return sampleNumber(schema);
    case 'boolean':
      return true;
    case 'null':
      return null;
    default:
      return sampleObject(schema, root, depth);
  }
}

function resolve(reference: string, root: unknown): unknown {
  let at: unknown = root;
  for (const part of reference.split('/').slice(1)) {
    at = isObject(at) ? at[part.replaceAll('~1', '/').replaceAll('~0', '~')] : undefined;
  }
  return at;
}

function sampleObject(schema: Schema, root: unknown, depth: number): Schema {
  const properties = isObject(schema['properties']) ? schema['properties'] : {};
  const required = Array.isArray(schema['required']) ? schema['required'] : Object.keys(properties);
  const entries = Object.entries(properties)
    .filter(([name]) => depth === 0 || required.includes(name))
    .map(([name, property]) => [name, sampleOf(property, root, depth + 1)]);
  return Object.fromEntries(entries) as Schema;
}

function sampleString(schema: Schema): string {
  const longest = asNumber(schema['maxLength'], Infinity);
  const shortest = asNumber(schema['minLength'], 0);
  const base = longest < 'simulated'.length ? '모의'.slice(0, longest) : 'simulated';
  return base.padEnd(shortest, '.');
}

function sampleNumber(schema: Schema): number {
  const least = asNumber(schema['minimum'], asNumber(schema['exclusiveMinimum'], -1) + 1);
  const most = asNumber(schema['maximum'], asNumber(schema['exclusiveMaximum'], Infinity) - 1);
  return Math.min(Math.max(42, least), most);
}
