import {
  CODE_MODEL_TYPES,
  MAX_CHUNK_CHARS,
  MAX_CHUNK_DELAY_MS,
  MAX_CODE_TOKENS,
  MAX_THINKING_TOKENS,
  type ChunkSettings,
  type CodeBody,
  type CodeModelType,
} from '#contracts/code';
import { CodedError } from '#contracts/errors';
import { DEFAULT_MODEL } from '#contracts/models';
import { encode } from '../openai/generation-request';
import { boolean, integer, isObject, kindOf, number, oneOf, refuse, string, type Check } from '../openai/fields';
import type { GenerationCall } from '../streaming/generations';
import { namingLongest } from './too-long';

/** As large as a body may be: the models' context is the bound that matters. */
const MAX_TEXT = 8 * 1024 * 1024;
/** Letters and the few signs that languages have in their names: C++, C#, Objective-C, F*. */
const LANGUAGE = /^[\p{L}\p{N}][\p{L}\p{N} +#*._/-]{0,39}$/u;

const text = string(MAX_TEXT);
/** The name of a programming language: any, since a model may know it. */
export const language: Check = (value, path) => {
  if (typeof value !== 'string') return refuse(path, `expected a string, but got ${kindOf(value)}`);
  if (!LANGUAGE.test(value)) refuse(path, 'expected the name of a language, of 40 characters at most');
};

/** What the caller's key says of requests for code. */
export interface CodeCaller {
  /** Whether it may use another server's model at all. */
  mayFallBack: boolean;
  chunks: Partial<ChunkSettings> | null;
}

/** Checks bodies of `POST /api/v1/code/generate`; made once, because its table is. */
export class CodeChecker {
  private readonly checks: ReadonlyMap<string, Check>;
  /** Fields that are of any length. */
  private readonly texts: readonly string[];

  /** @param maxOutputTokens the cap of the configuration. */
  constructor(maxOutputTokens: number) {
    this.checks = new Map<string, Check>([
      ['modelType', oneOf(...CODE_MODEL_TYPES)],
      ['prompt', text],
      ['language', language],
      ['prefix', text],
      ['suffix', text],
      ['selection', text],
      ['error', text],
      ['temperature', number(0, 2)],
      ['maxTokens', integer(1, maxOutputTokens)],
      ['model', string(256, 1)],
      ['fallback', boolean],
      ['chunkChars', integer(1, MAX_CHUNK_CHARS)],
      ['chunkDelayMs', integer(0, MAX_CHUNK_DELAY_MS)],
    ]);
    this.texts = [...this.checks.keys()].filter((field) => this.checks.get(field) === text);
  }

  /**
   * @param caller what the key says.
   * @throws CodedError with status 400 and the field in `param`.
   */
  check(body: unknown, streaming: boolean, caller: CodeCaller): GenerationCall {
    if (!isObject(body))
      throw new CodedError('invalid_json', `The body must be a JSON object, but it is ${kindOf(body ?? null)}.`);
    const ignored = this.checkFields(body);
    const modelType = required(body, 'modelType') as CodeModelType;
    const request = placed(modelType, bodyOf(body));
    const chunks = chunksOf(body, caller.chunks);
    return {
      model: typeof body['model'] === 'string' ? body['model'] : DEFAULT_MODEL,
      streaming,
      includeUsage: true,
      continuousUsage: false,
      choices: 1,
      choicesPerPrompt: 1,
      maxOutputTokens: request.maxTokens ?? MAX_CODE_TOKENS + MAX_THINKING_TOKENS,
      body: encode(request),
      code: { modelType, chunks, mayFallBack: caller.mayFallBack && body['fallback'] !== false },
      inWords: namingLongest(body, this.texts),
      ignored,
    };
  }

  /** @returns the names of fields that nobody knows. */
  private checkFields(body: Record<string, unknown>): string[] {
    const ignored: string[] = [];
    for (const [field, value] of Object.entries(body)) {
      const check = this.checks.get(field);
      if (check === undefined) ignored.push(field);
      else if (value !== null && value !== undefined) check(value, field);
    }
    return ignored.slice(0, 50);
  }
}

function required(body: Record<string, unknown>, field: string): unknown {
  const value = body[field];
  if (value === undefined || value === null)
    throw new CodedError('missing_required_parameter', `Missing required parameter: '${field}'.`, { param: field });
  return value;
}

/** The fields are checked. */
function bodyOf(body: Record<string, unknown>): CodeBody {
  const textOf = (field: string): string => {
    const value = body[field];
    return typeof value === 'string' ? value : '';
  };
  const numberOf = (field: string): number | null => {
    const value = body[field];
    return typeof value === 'number' ? value : null;
  };
  return {
    prompt: textOf('prompt'),
    language: textOf('language') === '' ? null : textOf('language'),
    prefix: textOf('prefix'),
    suffix: textOf('suffix'),
    selection: textOf('selection'),
    error: textOf('error'),
    temperature: numberOf('temperature'),
    maxTokens: numberOf('maxTokens'),
  };
}

/** A request with nothing but a prompt means by it what its type works on. @throws CodedError when there is nothing. */
function placed(modelType: CodeModelType, request: CodeBody): CodeBody {
  switch (modelType) {
    case 'autocomplete':
      if (request.prefix !== '' || request.suffix !== '') return request;
      return { ...request, prefix: given(request.prompt, 'prefix'), prompt: '' };
    case 'comment':
    case 'error_fix':
      if (request.selection !== '') return request;
      return { ...request, selection: given(request.prompt, 'selection'), prompt: '' };
    case 'prompt':
      given(request.prompt, 'prompt');
      return request;
    default:
      return modelType satisfies never;
  }
}

function given(value: string, field: string): string {
  if (value.trim() !== '') return value;
  throw new CodedError('missing_required_parameter', `Missing required parameter: '${field}' (it is empty).`, {
    param: field,
  });
}

/** What the request says goes before what its key says. */
function chunksOf(body: Record<string, unknown>, ofKey: Partial<ChunkSettings> | null): Partial<ChunkSettings> | null {
  const { chunkChars, chunkDelayMs } = body;
  if (typeof chunkChars !== 'number' && typeof chunkDelayMs !== 'number') return ofKey;
  return {
    ...ofKey,
    ...(typeof chunkChars === 'number' ? { minChars: chunkChars } : {}),
    ...(typeof chunkDelayMs === 'number' ? { maxDelayMs: chunkDelayMs } : {}),
  };
}
