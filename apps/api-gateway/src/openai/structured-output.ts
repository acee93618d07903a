import { asObject, isObject, oneOf, refuse } from './fields';

/** A schema larger than this is no shape of an answer but an attack on the grammar compiler. */
const MAX_GRAMMAR_BYTES = 64 * 1024;
const MAX_PATTERN_CHARS = 1_000;
/** Counted repetitions multiply when nested; beyond this the automaton takes minutes to build. */
const MAX_REPETITIONS = 10_000;
const GRAMMAR_KINDS = ['json', 'regex', 'choice', 'grammar', 'json_object', 'structural_tag'];

/** OpenAI's `response_format`. */
export function checkResponseFormat(value: unknown, path: string): void {
  const format = asObject(value, path);
  oneOf('text', 'json_object', 'json_schema')(format['type'], `${path}.type`);
  if (format['type'] !== 'json_schema') return;
  const named = asObject(format['json_schema'], `${path}.json_schema`);
  if (named['schema'] !== undefined && named['schema'] !== null)
    checkGrammar(named['schema'], `${path}.json_schema.schema`);
}

/** vLLM's `structured_outputs`: exactly one kind of grammar. */
export function checkStructuredOutputs(value: unknown, path: string): void {
  const wanted = asObject(value, path);
  for (const kind of Object.keys(wanted)) {
    if (!GRAMMAR_KINDS.includes(kind)) refuse(`${path}.${kind}`, `expected one of ${GRAMMAR_KINDS.join(', ')}`);
  }
  if (typeof wanted['regex'] === 'string') checkPattern(wanted['regex'], `${path}.regex`);
  checkGrammar(wanted, path);
}

function checkGrammar(value: unknown, path: string): void {
  if (JSON.stringify(value).length > MAX_GRAMMAR_BYTES) refuse(path, `it is larger than ${MAX_GRAMMAR_BYTES} bytes`);
  checkPatterns(value, path);
}

/** Looks at every `pattern` of a JSON schema. Depth is bounded by the body's parser. */
function checkPatterns(value: unknown, path: string): void {
  if (Array.isArray(value)) return value.forEach((item, index) => checkPatterns(item, `${path}[${index}]`));
  if (!isObject(value)) return;
  for (const [key, item] of Object.entries(value)) {
    if (key === 'pattern' && typeof item === 'string') checkPattern(item, `${path}.pattern`);
    else checkPatterns(item, `${path}.${key}`);
  }
}

function checkPattern(pattern: string, path: string): void {
  if (pattern.length > MAX_PATTERN_CHARS) refuse(path, `a pattern may have at most ${MAX_PATTERN_CHARS} characters`);
  let product = 1;
  for (const match of pattern.matchAll(/\{(\d+)(?:,(\d*))?\}/g)) {
    product *= Math.max(1, Number(match[2] === undefined || match[2] === '' ? match[1] : match[2]));
    if (product > MAX_REPETITIONS) refuse(path, 'its counted repetitions multiply to more than the engine can compile');
  }
}
