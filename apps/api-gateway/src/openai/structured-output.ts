import { isDeeperThan } from '../http/json-depth';
import { asObject, isObject, kindOf, oneOf, refuse } from './fields';
import { expandedSize } from './pattern-size';
import { hasEmptyCycle } from './schema-cycles';

/** A schema larger than this is no shape of an answer but an attack on the grammar compiler. */
const MAX_GRAMMAR_BYTES = 64 * 1024;
const MAX_PATTERN_CHARS = 1_000;
/** As for the request's own JSON (http/json-body.ts), which does not look into strings. */
const MAX_SCHEMA_DEPTH = 100;
/** Atoms with counted repetitions written out; beyond this the automaton takes minutes to build. */
const MAX_PATTERN_SIZE = 10_000;
const GRAMMAR_KINDS = ['json', 'regex', 'choice', 'grammar', 'json_object', 'structural_tag'];

/** OpenAI's `response_format`. */
export function checkResponseFormat(value: unknown, path: string): void {
  const format = asObject(value, path);
  oneOf('text', 'json_object', 'json_schema')(format['type'], `${path}.type`);
  if (format['type'] !== 'json_schema') return;
  const named = asObject(format['json_schema'], `${path}.json_schema`);
  if (named['schema'] !== undefined && named['schema'] !== null)
    checkSchema(named['schema'], `${path}.json_schema.schema`);
}

/** vLLM's `structured_outputs`: exactly one kind of grammar. */
export function checkStructuredOutputs(value: unknown, path: string): void {
  const wanted = asObject(value, path);
  for (const [kind, grammar] of Object.entries(wanted)) {
    const at = `${path}.${kind}`;
    if (!GRAMMAR_KINDS.includes(kind)) refuse(at, `expected one of ${GRAMMAR_KINDS.join(', ')}`);
    if (grammar === null) continue;
    checkSize(grammar, at);
    if (kind === 'regex') checkPattern(grammar, at);
    // vLLM takes these as JSON or as a text of JSON.
    if (kind === 'json' || kind === 'structural_tag') checkSchema(fromText(grammar, at), at);
  }
}

/** A JSON schema that an engine compiles to a grammar: of an answer, or of a tool's arguments. */
export function checkSchema(value: unknown, path: string): void {
  if (typeof value !== 'boolean') asObject(value, path);
  checkSize(value, path);
  checkPatterns(value, path);
  if (hasEmptyCycle(value)) refuse(path, 'a schema refers to itself and says nothing else');
}

function fromText(value: unknown, path: string): unknown {
  if (typeof value !== 'string') return value;
  if (isDeeperThan(value, MAX_SCHEMA_DEPTH)) refuse(path, `it nests deeper than ${MAX_SCHEMA_DEPTH} levels`);
  try {
    return JSON.parse(value);
  } catch (error) {
    if (error instanceof SyntaxError) return refuse(path, 'it is not valid JSON');
    throw error;
  }
}

function checkSize(value: unknown, path: string): void {
  const bytes = Buffer.byteLength(JSON.stringify(value));
  if (bytes > MAX_GRAMMAR_BYTES) refuse(path, `it is larger than ${MAX_GRAMMAR_BYTES} bytes`);
}

/** Looks at every `pattern` of a JSON schema. */
function checkPatterns(value: unknown, path: string): void {
  if (Array.isArray(value)) return value.forEach((item, index) => checkPatterns(item, `${path}[${index}]`));
  if (!isObject(value)) return;
  for (const [key, item] of Object.entries(value)) {
    if (key === 'pattern' && typeof item === 'string') checkPattern(item, `${path}.pattern`);
    else if (key === 'patternProperties' && isObject(item)) checkPatternProperties(item, `${path}.patternProperties`);
    else checkPatterns(item, `${path}.${key}`);
  }
}

function checkPatternProperties(value: Record<string, unknown>, path: string): void {
  for (const [pattern, schema] of Object.entries(value)) {
    checkPattern(pattern, path);
    checkPatterns(schema, path);
  }
}

function checkPattern(pattern: unknown, path: string): void {
  if (typeof pattern !== 'string') return refuse(path, `expected a string, but got ${kindOf(pattern)}`);
  if (pattern.length > MAX_PATTERN_CHARS) refuse(path, `a pattern may have at most ${MAX_PATTERN_CHARS} characters`);
  if (expandedSize(pattern) > MAX_PATTERN_SIZE)
    refuse(path, 'its counted repetitions come to more than the engine can compile');
}
