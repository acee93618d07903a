import { SimulatedAnswer } from '#testing/simulated-text';
import { EOS, tokenize } from '#testing/simulated-tokens';
import type { TokenSource } from '../engine/sequence';
import type { ServeOptions } from '../cli/serve-options';
import { badRequest, invalidFields, modelNotFound } from './api-error';
import { FieldReader, type Body } from './fields';
import { checkMessages, readMessages } from './messages';
import { chatPromptIds, checkMaxTokens, checkPromptLength, checkPromptText } from './prompt';
import { pyValue } from './python';
import { checkConstraints, checkResponseFormat, constrainedText, responseFormatProblems } from './response-format';
import { readSampling, type Sampling } from './sampling';
import { checkToolUsage, planTools, readTools, toolCallText, toolProblems, type ToolCallText } from './tools';

export interface ChatRequest {
  readonly sampling: Sampling;
  readonly promptIds: readonly number[];
  /** Null: no logprobs. Otherwise how many alternatives for each token. */
  readonly topLogprobs: number | null;
  /** The server runs every answer through a tool parser (--tool-call-parser). */
  readonly parsed: boolean;
  /** Non-null when the answer is a tool call. */
  readonly toolCall: (ToolCallText & { readonly name: string; readonly named: boolean }) | null;
  /** Null, or the last message's text, which the answer begins with (`echo`). */
  readonly echo: string | null;
  source(choice: number): TokenSource;
}

export interface Limits {
  readonly maxModelLen: number;
  /** False when the model's tokenizer has none, and none was given. */
  readonly hasChatTemplate: boolean;
}

/** A text that the answer must be, token by token, and then the end. */
export class FixedAnswer implements TokenSource {
  private readonly tokens: readonly number[];

  constructor(text: string) {
    this.tokens = tokenize(text);
  }

  tokenAt(position: number): number {
    return this.tokens[position] ?? EOS;
  }
}

/** The checks that vLLM runs on the raw body, in its order. */
function checkRawBody(body: Body): void {
  if (body['continue_final_message'] === true && body['add_generation_prompt'] === true) {
    throw badRequest('Cannot set both `continue_final_message` and `add_generation_prompt` to True.');
  }
  checkToolUsage(body);
  checkConstraints(body);
  checkLogprobs(body);
  if (isTruthy(body['stream_options']) && !isTruthy(body['stream'])) {
    throw badRequest('Stream options can only be defined when `stream=True`.', 'stream_options');
  }
  checkResponseFormat(body);
}

const isTruthy = (value: unknown): boolean => Boolean(value);

function checkLogprobs(body: Body): void {
  const counts: [string, unknown][] = [
    ['prompt_logprobs', body['prompt_logprobs']],
    ['top_logprobs', body['top_logprobs']],
  ];
  for (const [name, value] of counts) {
    if (value !== undefined && value !== null && typeof value !== 'number' && typeof value !== 'boolean') {
      throw badRequest(`\`${name}\` must be an integer.`, name, pyValue(value));
    }
  }
  const prompt = Number(body['prompt_logprobs'] ?? 0);
  if (isTruthy(body['stream']) && (prompt > 0 || prompt === -1)) {
    throw badRequest('`prompt_logprobs` are not available when `stream=True`.', 'prompt_logprobs');
  }
  const top = Number(body['top_logprobs'] ?? 0);
  if (top < 0 && top !== -1) {
    throw badRequest('`top_logprobs` must be a positive value or -1.', 'top_logprobs', String(top));
  }
  if ((top === -1 || top > 0) && !isTruthy(body['logprobs'])) {
    throw badRequest('when using `top_logprobs`, `logprobs` must be set to true.', 'top_logprobs');
  }
}

/** Reads and checks a body of /v1/chat/completions. Throws an ApiError with vLLM's answer. */
export function readChatRequest(body: Body, options: ServeOptions, limits: Limits): ChatRequest {
  checkRawBody(body);
  const fields = new FieldReader(body);
  const messagesProblem = checkMessages(body['messages'], body);
  if (messagesProblem !== null) fields.problems.push(messagesProblem);
  const model = fields.string('model');
  const wantsLogprobs = fields.boolean('logprobs') ?? false;
  const topLogprobs = fields.integer('top_logprobs') ?? 0;
  const maxTokens = fields.integer('max_tokens');
  const maxCompletionTokens = fields.integer('max_completion_tokens');
  const verified = readSampling(fields);
  fields.problems.push(...responseFormatProblems(body), ...toolProblems(body['tools']));
  const echo = fields.boolean('echo') ?? false;
  const truncateTo = fields.integer('truncate_prompt_tokens');
  if (fields.problems.length > 0) throw invalidFields(fields.problems);

  if (model !== null && model !== '' && !options.servedNames.includes(model)) {
    throw modelNotFound(model, options.servedNames);
  }
  refuseUntrustedTemplate(body, options, limits);
  const messages = readMessages(body['messages'] as readonly unknown[], options.model);
  const last = messages.at(-1) ?? { role: 'user', text: '' };
  const plan = planTools(body, options, last);
  for (const message of messages) checkPromptText(message.text, limits.maxModelLen);
  const tools =
    readTools(body['tools']).length > 0 && body['tool_choice'] !== 'none' ? (body['tools'] as unknown[]) : [];
  const allIds = chatPromptIds(messages, tools, fields.raw('add_generation_prompt') !== false);
  const promptIds = truncateTo === null || truncateTo < 0 ? allIds : allIds.slice(-truncateTo);
  checkPromptLength(promptIds.length, limits.maxModelLen);
  const asked = maxCompletionTokens ?? maxTokens;
  checkMaxTokens(asked, limits.maxModelLen, maxCompletionTokens === null ? 'max_tokens' : 'max_completion_tokens');
  const sampling = verified({ maxTokens: asked, forceUsage: options.forceIncludeUsage });
  if (topLogprobs > options.maxLogprobs) {
    const message = `Requested sample logprobs of ${topLogprobs}, which is greater than max allowed: ${options.maxLogprobs}`;
    throw badRequest(message, 'logprobs', String(topLogprobs));
  }
  const call = plan.kind === 'call' ? { ...toolCallText(plan.tool), name: plan.tool.name, named: plan.named } : null;
  return {
    sampling,
    promptIds,
    topLogprobs: wantsLogprobs ? Math.max(0, topLogprobs) : null,
    parsed: options.toolCallParser !== null,
    toolCall: call,
    echo: echo && last.role === 'assistant' ? last.text : null,
    source: (choice) => {
      if (call !== null) return new FixedAnswer(call.before + call.argumentsJson + call.after);
      const fixed = constrainedText(body);
      if (fixed !== null) return new FixedAnswer(fixed);
      return new SimulatedAnswer(last.text, { choice, seed: sampling.seed ?? 0 });
    },
  };
}

function refuseUntrustedTemplate(body: Body, options: ServeOptions, limits: Limits): void {
  if (typeof body['chat_template'] === 'string' && !options.trustRequestChatTemplate) {
    throw badRequest(
      'Chat template is passed with request, but --trust-request-chat-template is not set. ' +
        'Refused request with untrusted chat template.',
    );
  }
  if (!limits.hasChatTemplate) {
    throw badRequest(
      'As of transformers v4.44, default chat template is no longer allowed, so you must provide a chat template ' +
        'if the tokenizer does not define one.',
    );
  }
}
