import { SimulatedAnswer } from '#testing/simulated-text';
import { detokenize, tokenize, VOCABULARY_SIZE } from '#testing/simulated-tokens';
import type { ServeOptions } from '../cli/serve-options';
import type { TokenSource } from '../engine/sequence';
import { badRequest, invalidFields, modelNotFound } from './api-error';
import { FixedAnswer, type Limits } from './chat-request';
import { FieldReader, type Body } from './fields';
import { checkMaxTokens, checkPromptLength, checkPromptText } from './prompt';
import { checkConstraints, checkResponseFormat, constrainedText, responseFormatProblems } from './response-format';
import { readSampling, type Sampling } from './sampling';

export interface CompletionPrompt {
  readonly text: string;
  readonly ids: readonly number[];
}

export interface CompletionRequest {
  readonly sampling: Sampling;
  readonly prompts: readonly CompletionPrompt[];
  readonly topLogprobs: number | null;
  readonly echo: boolean;
  /** max_tokens 0 with echo: the prompt is all that comes back. */
  readonly promptOnly: boolean;
  source(prompt: CompletionPrompt, choice: number): TokenSource;
}

/** CompletionRequest.max_tokens of vLLM. */
const DEFAULT_MAX_TOKENS = 16;

function fromText(text: string, limits: Limits): CompletionPrompt {
  checkPromptText(text, limits.maxModelLen);
  return { text, ids: tokenize(text) };
}

function fromIds(ids: readonly number[]): CompletionPrompt {
  const unknown = ids.find((id) => id < 0 || id >= VOCABULARY_SIZE);
  if (unknown !== undefined) throw badRequest(`Token id ${unknown} is out of vocabulary`);
  return { text: detokenize(ids), ids };
}

const isNumbers = (value: unknown): value is number[] =>
  Array.isArray(value) && value.every((item) => typeof item === 'number');

function readPrompts(prompt: unknown, limits: Limits): CompletionPrompt[] {
  if (typeof prompt === 'string') return [fromText(prompt, limits)];
  if (!Array.isArray(prompt)) {
    const problem = { type: 'list_type', loc: 'body.prompt', msg: 'Input should be a valid list', input: prompt };
    throw invalidFields([problem, { ...problem, type: 'string_type', msg: 'Input should be a valid string' }]);
  }
  if (prompt.length === 0) throw badRequest('You must pass at least one prompt');
  if (isNumbers(prompt)) return [fromIds(prompt)];
  return prompt.map((item: unknown, index) => {
    if (typeof item === 'string') return fromText(item, limits);
    if (isNumbers(item)) return fromIds(item);
    const loc = `body.prompt.${index}`;
    throw invalidFields([{ type: 'string_type', loc, msg: 'Input should be a valid string', input: item }]);
  });
}

/** Reads and checks a body of /v1/completions. Throws an ApiError with vLLM's answer. */
export function readCompletionRequest(body: Body, options: ServeOptions, limits: Limits): CompletionRequest {
  const { prompt } = body;
  if (prompt === undefined || prompt === null || prompt === '') {
    throw badRequest('Either prompt or prompt_embeds must be provided and non-empty.', 'prompt');
  }
  if (Boolean(body['stream_options']) && !body['stream']) {
    throw badRequest('Stream options can only be defined when `stream=True`.', 'stream_options');
  }
  checkConstraints(body);
  checkResponseFormat(body);
  const fields = new FieldReader(body);
  const model = fields.string('model');
  const logprobs = fields.integer('logprobs');
  const asked = body['max_tokens'] === null ? null : fields.integer('max_tokens');
  const echo = fields.boolean('echo') ?? false;
  const verified = readSampling(fields);
  fields.problems.push(...responseFormatProblems(body));
  if (fields.problems.length > 0) throw invalidFields(fields.problems);
  if (model !== null && model !== '' && !options.servedNames.includes(model)) {
    throw modelNotFound(model, options.servedNames);
  }
  const prompts = readPrompts(prompt, limits);
  for (const { ids } of prompts) checkPromptLength(ids.length, limits.maxModelLen);
  const wanted = asked ?? DEFAULT_MAX_TOKENS;
  checkMaxTokens(wanted, limits.maxModelLen);
  const promptOnly = echo && wanted === 0;
  const sampling = verified({ maxTokens: promptOnly ? 1 : wanted, forceUsage: options.forceIncludeUsage });
  if (logprobs !== null && logprobs > options.maxLogprobs) {
    const message = `Requested sample logprobs of ${logprobs}, which is greater than max allowed: ${options.maxLogprobs}`;
    throw badRequest(message, 'logprobs', String(logprobs));
  }
  return {
    sampling,
    prompts,
    topLogprobs: logprobs,
    echo,
    promptOnly,
    source: ({ text }, choice) => {
      const fixed = constrainedText(body);
      if (fixed !== null) return new FixedAnswer(fixed);
      return new SimulatedAnswer(text, { choice, seed: sampling.seed ?? 0 });
    },
  };
}
