import type { Problem } from './api-error';
import type { Body, FieldReader } from './fields';
import { pyString } from './python';

type Json = Readonly<Record<string, unknown>>;

export const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const ROLES = ['user', 'assistant', 'system'];
const BLOCK_TYPES = [
  'text',
  'image',
  'tool_use',
  'tool_result',
  'tool_reference',
  'thinking',
  'redacted_thinking',
  'tool_addition',
  'tool_removal',
];
const CHOICE_TYPES = ['auto', 'any', 'tool', 'none'];
/** VLLM_MAX_STOP_STRINGS of 0.32.0. */
const MAX_STOP_STRINGS = 4;

const missing = (loc: string, input: unknown): Problem => ({ type: 'missing', loc, msg: 'Field required', input });
const notAString = (loc: string, input: unknown): Problem => ({
  type: 'string_type',
  loc,
  msg: 'Input should be a valid string',
  input,
});
const notAList = (loc: string, input: unknown): Problem => ({
  type: 'list_type',
  loc,
  msg: 'Input should be a valid list',
  input,
});
const notAnObject = (loc: string, input: unknown): Problem => ({
  type: 'model_attributes_type',
  loc,
  msg: 'Input should be a valid dictionary or object to extract fields from',
  input,
});

/** A string field that must be one of a few. */
function literal(loc: string, owner: Json, field: string, allowed: readonly string[]): Problem[] {
  const input = owner[field];
  if (input === undefined) return [missing(`${loc}.${field}`, owner)];
  if (typeof input === 'string' && allowed.includes(input)) return [];
  const quoted = allowed.map((word) => `'${word}'`);
  const expected = `${quoted.slice(0, -1).join(', ')} or ${quoted.at(-1) ?? ''}`;
  const ctx = `{'expected': "${expected}"}`;
  return [{ type: 'literal_error', loc: `${loc}.${field}`, msg: `Input should be ${expected}`, input, ctx }];
}

/** A string, or a list of content blocks. Both branches of the union say what they miss. */
function contentProblems(loc: string, content: unknown): Problem[] {
  if (typeof content === 'string') return [];
  if (!Array.isArray(content)) return [notAString(loc, content), notAList(loc, content)];
  const problems = content.flatMap((block: unknown, index) =>
    isObject(block) ? literal(`${loc}.${index}`, block, 'type', BLOCK_TYPES) : [notAnObject(`${loc}.${index}`, block)],
  );
  return problems.length > 0 ? [notAString(loc, content), ...problems] : [];
}

function messageProblems(loc: string, message: unknown): Problem[] {
  if (!isObject(message)) return [notAnObject(loc, message)];
  const content =
    message['content'] === undefined
      ? [missing(`${loc}.content`, message)]
      : contentProblems(`${loc}.content`, message['content']);
  return [...literal(loc, message, 'role', ROLES), ...content];
}

function toolProblems(loc: string, tool: unknown): Problem[] {
  if (!isObject(tool)) return [notAnObject(loc, tool)];
  const { name, input_schema: schema } = tool;
  const problems: Problem[] = [];
  if (name === undefined) problems.push(missing(`${loc}.name`, tool));
  else if (typeof name !== 'string') problems.push(notAString(`${loc}.name`, name));
  if (schema === undefined) problems.push(missing(`${loc}.input_schema`, tool));
  else if (!isObject(schema)) {
    const msg = 'Input should be a valid dictionary';
    problems.push({ type: 'dict_type', loc: `${loc}.input_schema`, msg, input: schema });
  }
  return problems;
}

/** A check of vLLM's own, in the words of pydantic. */
function valueError(fields: FieldReader, name: string, message: string): void {
  fields.fail(name, 'value_error', `Value error, ${message}`, `{'error': ValueError(${pyString(message)})}`);
}

function checkStopSequences(fields: FieldReader): void {
  const stop = fields.raw('stop_sequences');
  if (stop === undefined || stop === null) return;
  const loc = 'body.stop_sequences';
  if (!Array.isArray(stop)) {
    fields.problems.push(notAList(loc, stop));
    return;
  }
  if (stop.length > MAX_STOP_STRINGS) {
    const ctx = `{'field_type': 'List', 'max_length': ${MAX_STOP_STRINGS}, 'actual_length': ${stop.length}}`;
    const msg = `List should have at most ${MAX_STOP_STRINGS} items after validation, not ${stop.length}`;
    fields.fail('stop_sequences', 'too_long', msg, ctx);
    return;
  }
  for (const [index, item] of stop.entries()) {
    if (typeof item !== 'string') fields.problems.push(notAString(`${loc}.${index}`, item));
  }
}

function checkList(fields: FieldReader, name: string, check: (loc: string, item: unknown) => Problem[]): void {
  const list = fields.raw(name);
  const loc = `body.${name}`;
  if (Array.isArray(list)) {
    fields.problems.push(...list.flatMap((item: unknown, index) => check(`${loc}.${index}`, item)));
  } else {
    fields.problems.push(notAList(loc, list));
  }
}

function checkPositiveMaxTokens(fields: FieldReader, body: Body): void {
  if (body['max_tokens'] === undefined) {
    fields.missing('max_tokens');
  } else if (body['max_tokens'] === null) {
    fields.fail('max_tokens', 'int_type', 'Input should be a valid integer');
  } else {
    const value = fields.integer('max_tokens');
    if (value !== null && value <= 0) valueError(fields, 'max_tokens', 'max_tokens must be positive');
  }
}

/** Collects what is wrong with a body of /v1/messages, or of its count_tokens, in the order of vLLM's fields. */
export function checkAnthropicFields(fields: FieldReader, body: Body, generates: boolean): void {
  const { model, messages, system, tool_choice: choice, tools } = body;
  if (model === undefined) fields.missing('model');
  else if (typeof model !== 'string') fields.fail('model', 'string_type', 'Input should be a valid string');
  else if (model === '') valueError(fields, 'model', 'Model is required');
  if (messages === undefined) fields.missing('messages');
  else checkList(fields, 'messages', messageProblems);
  if (generates) {
    checkPositiveMaxTokens(fields, body);
    checkStopSequences(fields);
    fields.boolean('stream');
  }
  if (system !== undefined && system !== null) fields.problems.push(...contentProblems('body.system', system));
  if (generates) fields.float('temperature');
  if (choice !== undefined && choice !== null) {
    const loc = 'body.tool_choice';
    const problems = isObject(choice) ? literal(loc, choice, 'type', CHOICE_TYPES) : [notAnObject(loc, choice)];
    fields.problems.push(...problems);
    if (isObject(choice) && choice['type'] === 'tool' && !choice['name']) {
      valueError(fields, 'tool_choice', "tool_choice.name is required when type is 'tool'");
    }
  }
  if (tools !== undefined && tools !== null) checkList(fields, 'tools', toolProblems);
  if (!generates) return;
  fields.integer('top_k');
  fields.float('top_p');
}
