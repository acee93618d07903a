import { CodedError } from '#contracts/errors';
import {
  HINT_LEVELS,
  HINT_LOCALES,
  MAX_HINT_TOKENS,
  type HintBody,
  type HintLevel,
  type HintLocale,
} from '#contracts/hints';
import { MAX_THINKING_TOKENS } from '#contracts/code';
import { DEFAULT_MODEL } from '#contracts/models';
import { language } from '../code/code-request';
import { encode } from '../openai/generation-request';
import { isObject, kindOf, oneOf, refuse, string, type Check } from '../openai/fields';
import type { GenerationCall } from '../streaming/generations';
import { inWordsOf } from './hint-words';

/** As large as a body may be: a template cuts what a model shall read. */
const MAX_TEXT = 8 * 1024 * 1024;

const level: Check = (value, path) => {
  if (!HINT_LEVELS.some((one) => one === value))
    refuse(
      path,
      `expected one of the numbers ${HINT_LEVELS.join(', ')}, but got ${typeof value === 'number' ? value : kindOf(value)}`,
    );
};

const CHECKS: ReadonlyMap<string, { check: Check; required: boolean }> = new Map([
  ['problem', { check: string(MAX_TEXT), required: true }],
  ['code', { check: string(MAX_TEXT), required: true }],
  ['language', { check: language, required: false }],
  ['level', { check: level, required: true }],
  ['locale', { check: oneOf(...HINT_LOCALES), required: true }],
]);

/**
 * Checks bodies of `POST /api/v1/hints`.
 * @throws CodedError with status 400 and the field in `param`.
 */
export function hintCall(body: unknown, streaming: boolean, isAdmin: boolean): GenerationCall {
  if (!isObject(body))
    throw new CodedError('invalid_json', `The body must be a JSON object, but it is ${kindOf(body ?? null)}.`);
  for (const [field, { check, required }] of CHECKS) {
    const value = body[field] ?? null;
    if (value !== null) check(value, field);
    else if (required)
      throw new CodedError('missing_required_parameter', `Missing required parameter: '${field}'.`, { param: field });
  }
  const request: HintBody = {
    problem: body['problem'] as string,
    code: body['code'] as string,
    language: (body['language'] as string | null | undefined) ?? null,
  };
  if (request.problem.trim() === '')
    throw new CodedError('missing_required_parameter', "Missing required parameter: 'problem' (it is empty).", {
      param: 'problem',
    });
  const turn = { level: body['level'] as HintLevel, locale: body['locale'] as HintLocale };
  return {
    model: DEFAULT_MODEL,
    streaming,
    includeUsage: true,
    continuousUsage: false,
    choices: 1,
    choicesPerPrompt: 1,
    // It may be asked twice.
    maxOutputTokens: 2 * (MAX_HINT_TOKENS + MAX_THINKING_TOKENS),
    body: encode(request),
    hint: turn,
    inWords: inWordsOf(turn.locale, isAdmin),
    ignored: Object.keys(body)
      .filter((field) => !CHECKS.has(field))
      .slice(0, 50),
  };
}
