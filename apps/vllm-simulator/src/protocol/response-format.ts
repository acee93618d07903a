import { hash32 } from '#testing/simulated-text';
import { badRequest, type Problem } from './api-error';
import type { Body } from './fields';
import { checkSchema, sampleOf } from './structured-output';

const asObject = (value: unknown): Body | null =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Body) : null;

/** Checks that run before the fields are read. */
export function checkConstraints(body: Body): void {
  const outputs = asObject(body['structured_outputs']);
  if (outputs !== null) {
    const given = ['json', 'regex', 'choice'].filter((kind) => (outputs[kind] ?? null) !== null);
    if (given.length > 1) {
      throw badRequest(
        "You can only use one kind of constraints for structured outputs ('json', 'regex' or 'choice').",
      );
    }
  }
}

export function checkResponseFormat(body: Body): void {
  const format = asObject(body['response_format']);
  if (format?.['type'] === 'json_schema' && (format['json_schema'] ?? null) === null) {
    const message = "When response_format type is 'json_schema', the 'json_schema' field must be provided.";
    throw badRequest(message, 'response_format');
  }
}

/** Problems of the `response_format` field: one of three unions, each of which says what it misses. */
export function responseFormatProblems(body: Body): Problem[] {
  const input = body['response_format'];
  const format = asObject(input);
  if (format === null) return [];
  const { type } = format;
  if (type === 'text' || type === 'json_object' || type === 'json_schema' || type === 'structural_tag') return [];
  const loc = 'body.response_format';
  const literal = (expected: string): Problem => ({
    type: type === undefined ? 'missing' : 'literal_error',
    loc: `${loc}.type`,
    msg: type === undefined ? 'Field required' : `Input should be ${expected}`,
    input: type ?? format,
    ...(type === undefined ? {} : { ctx: `{'expected': "${expected}"}` }),
  });
  const missing = (field: string): Problem => ({
    type: 'missing',
    loc: `${loc}.${field}`,
    msg: 'Field required',
    input: format,
  });
  return [
    literal("'text', 'json_object' or 'json_schema'"),
    literal("'structural_tag'"),
    missing('format'),
    literal("'structural_tag'"),
    missing('structures'),
    missing('triggers'),
  ];
}

/**
 * The text that a constrained answer consists of, or null for free text. Throws vLLM's grammar errors: the caller
 * answers 400, or sends an error event when the request is a stream.
 */
export function constrainedText(body: Body): string | null {
  const outputs = asObject(body['structured_outputs']);
  const format = asObject(body['response_format']);
  const choices = outputs?.['choice'];
  if (Array.isArray(choices) && choices.length > 0) {
    return String(choices[hash32(JSON.stringify(body['messages'] ?? body['prompt'])) % choices.length]);
  }
  const schema = outputs?.['json'] ?? asObject(format?.['json_schema'])?.['schema'];
  if (schema !== undefined && schema !== null) {
    const parsed: unknown = typeof schema === 'string' ? JSON.parse(schema) : schema;
    checkSchema(parsed);
    return JSON.stringify(sampleOf(parsed));
  }
  const regex = outputs?.['regex'];
  if (typeof regex === 'string') return matchOf(regex);
  if (format?.['type'] === 'json_object' || outputs?.['json_object'] === true) {
    return JSON.stringify({ simulated: true, answer: '모의 응답' });
  }
  return null;
}

/** A text that matches a simple expression: literals, and the first of each group of alternatives. */
function matchOf(regex: string): string {
  try {
    new RegExp(regex, 'u');
  } catch {
    const shown = `at 1(8): invalid regex "${regex}" (in regex): regex parse error:`;
    throw badRequest(
      `Grammar error: ${shown}\n    ${regex}\n    ^\nerror: unclosed group\n   1 | start: /${regex}/\n              ^`,
    );
  }
  let text = regex.replace(/^\^|\$$/g, '');
  for (let before = ''; before !== text;) {
    before = text;
    text = text.replace(/(?<!\\)\((?:\?:)?([^()|]*)(?:\|[^()]*)?(?<!\\)\)/u, '$1');
  }
  const expanded = text
    .replace(/(?<!\\)\[([^\]])[^\]]*\](?:[+*?]|\{(\d+)[^}]*\})?/gu, (_, first: string, count?: string) =>
      first.repeat(Number(count ?? 1)),
    )
    .replace(/\\d(?:[+*?]|\{(\d+)[^}]*\})?/gu, (_, count?: string) => '7'.repeat(Number(count ?? 1)))
    .replace(/\\n/gu, '\n')
    .replace(/\\([^\w\s])/gu, '$1');
  return expanded;
}
