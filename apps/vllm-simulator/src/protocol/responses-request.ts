import type { ServeOptions } from '../cli/serve-options';
import { ApiError, badRequest, invalidFields, modelNotFound } from './api-error';
import { readChatRequest, type ChatRequest, type Limits } from './chat-request';
import { FieldReader, type Body } from './fields';
import { checkMaxTokens } from './prompt';

type Json = Readonly<Record<string, unknown>>;
const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A request of /v1/responses: what must be generated, and what its answer repeats. */
export interface ResponsesRequest {
  readonly id: string | null;
  readonly chat: ChatRequest;
  readonly maxOutputTokens: number;
  /** The fields of the body that come back in the answer, defaults filled in. */
  readonly echo: {
    readonly instructions: unknown;
    readonly metadata: unknown;
    readonly parallelToolCalls: unknown;
    readonly toolChoice: unknown;
    readonly tools: unknown;
    readonly maxToolCalls: unknown;
    readonly reasoning: unknown;
    readonly serviceTier: unknown;
    readonly text: unknown;
    readonly truncation: unknown;
    readonly user: unknown;
    readonly temperature: number;
    readonly topP: number;
    readonly presencePenalty: number;
    readonly frequencyPenalty: number;
  };
}

/** The generation_config.json of the simulated models, Qwen2.5's; `--generation-config vllm` ignores it. */
const GENERATION_CONFIG = { temperature: 0.7, topP: 0.8 };
const VLLM_DEFAULTS = { temperature: 1, topP: 1 };

const invalidRequest = (status: number, message: string, param: string): ApiError =>
  new ApiError(status, { error: { message, type: 'invalid_request_error', param, code: status } }, message);

export const responseNotFound = (id: string): ApiError =>
  invalidRequest(404, `Response with id '${id}' not found.`, 'response_id');

/** The validators that vLLM runs on the raw body. They also write a tool choice into it when there are no tools. */
function checkRawBody(body: Body): Body {
  if (body['background'] && 'store' in body && !body['store']) {
    throw badRequest('background can only be used when `store` is true', 'background');
  }
  if ((body['prompt'] ?? null) !== null) throw badRequest('prompt template is not supported', 'prompt');
  const { tools, tool_choice: choice = 'auto' } = body;
  const named = isObject(choice) && choice['type'] === 'function';
  const notFound = "Tool choice 'function' not found in 'tools' parameter.";
  if (Array.isArray(tools) && tools.length > 0) {
    const names = tools.filter(isObject).map(({ name }) => name);
    if (named && !names.includes(choice['name'])) throw badRequest(notFound, 'tool_choice');
    return body;
  }
  if (choice === 'required') {
    throw badRequest("Tool choice 'required' must be specified with 'tools' parameter.", 'tool_choice');
  }
  if (named) throw badRequest(notFound, 'tool_choice');
  return choice === 'auto' || choice === 'none' ? { ...body, tool_choice: 'none' } : body;
}

function checkInput(fields: FieldReader): void {
  const input = fields.raw('input');
  if (input === undefined) fields.missing('input');
  else if (typeof input !== 'string' && !Array.isArray(input)) {
    fields.fail('input', 'string_type', 'Input should be a valid string');
    fields.fail('input', 'list_type', 'Input should be a valid list');
  }
}

/** One item of `input` as a chat message. */
function chatMessage(item: unknown): Json {
  if (!isObject(item)) throw badRequest('Unsupported input item type: None', 'input');
  const { type, role, content } = item;
  if (type === 'function_call') {
    const call = { name: item['name'], arguments: item['arguments'] };
    return { role: 'assistant', tool_calls: [{ id: item['call_id'], type: 'function', function: call }] };
  }
  if (type === 'function_call_output') {
    return { role: 'tool', tool_call_id: item['call_id'], content: item['output'] };
  }
  if (role === undefined) throw badRequest(`Unsupported input item type: ${String(type)}`, 'input');
  if (!Array.isArray(content)) return { role, content };
  const parts = content.map((part: unknown) =>
    isObject(part) && typeof part['text'] === 'string' ? { type: 'text', text: part['text'] } : part,
  );
  return { role, content: parts };
}

const wantsLogprobs = (body: Body): boolean =>
  Array.isArray(body['include']) && body['include'].includes('message.output_text.logprobs');

/** Turns the body into one of /v1/chat/completions. */
function chatBody(body: Body, options: ServeOptions): Body {
  const { input, instructions, text } = body;
  const tools = Array.isArray(body['tools']) ? body['tools'].filter(isObject) : [];
  const choice = body['tool_choice'];
  // Without a parser the tools only stand in the prompt: there is no 400 as in a chat.
  const parses = options.toolCallParser !== null && (isObject(choice) || options.autoToolChoice);
  const format = isObject(text) && isObject(text['format']) ? text['format'] : null;
  return {
    model: body['model'],
    messages: [
      ...(instructions ? [{ role: 'system', content: instructions }] : []),
      ...(Array.isArray(input) ? input.map(chatMessage) : [{ role: 'user', content: input }]),
    ],
    ...pick(body, ['temperature', 'top_p', 'top_k', 'min_p', 'seed', 'stop', 'ignore_eos', 'stream', 'logit_bias']),
    ...pick(body, ['presence_penalty', 'frequency_penalty', 'repetition_penalty', 'include_stop_str_in_output']),
    ...pick(body, ['structured_outputs']),
    max_tokens: body['max_output_tokens'],
    ...(wantsLogprobs(body) ? { logprobs: true, top_logprobs: body['top_logprobs'] ?? 0 } : {}),
    ...(format?.['type'] === 'json_schema'
      ? { response_format: { type: 'json_schema', json_schema: { name: format['name'], schema: format['schema'] } } }
      : {}),
    ...(format?.['type'] === 'json_object' ? { response_format: { type: 'json_object' } } : {}),
    ...(tools.length > 0
      ? {
          tools: tools.map(({ name, description, parameters }) => ({
            type: 'function',
            function: { name, description, parameters },
          })),
          tool_choice: parses ? chatToolChoice(choice) : 'none',
        }
      : {}),
  };
}

const chatToolChoice = (choice: unknown): unknown =>
  isObject(choice) ? { type: 'function', function: { name: choice['name'] } } : (choice ?? 'auto');

const pick = (body: Body, names: readonly string[]): Body =>
  Object.fromEntries(names.flatMap((name) => (name in body ? [[name, body[name]]] : [])));

/** Reads and checks a body of /v1/responses. Throws an ApiError with vLLM's answer. */
export function readResponsesRequest(given: Body, options: ServeOptions, limits: Limits): ResponsesRequest {
  const body = checkRawBody(given);
  const fields = new FieldReader(body);
  const background = fields.boolean('background') ?? false;
  checkInput(fields);
  const instructions = fields.string('instructions');
  const asked = fields.integer('max_output_tokens');
  const model = fields.string('model');
  fields.boolean('stream');
  const temperature = fields.float('temperature');
  const topP = fields.float('top_p');
  const presencePenalty = fields.float('presence_penalty') ?? 0;
  const frequencyPenalty = fields.float('frequency_penalty') ?? 0;
  const id = fields.string('request_id');
  if (fields.problems.length > 0) throw invalidFields(fields.problems);

  if (model !== null && model !== '' && !options.servedNames.includes(model)) {
    throw modelNotFound(model, options.servedNames);
  }
  if (background) throw backgroundUnsupported();
  const previous = body['previous_response_id'];
  if (typeof previous === 'string') throw responseNotFound(previous);
  checkMaxTokens(asked, limits.maxModelLen, 'max_output_tokens');
  const chat = readChatRequest(chatBody(body, options), options, limits);
  const promptTokens = chat.promptIds.length;
  if (promptTokens === limits.maxModelLen) throw promptTooLong(promptTokens);
  const room = limits.maxModelLen - promptTokens;
  const defaults = options.given.get('generation-config') === 'vllm' ? VLLM_DEFAULTS : GENERATION_CONFIG;
  return {
    id,
    chat,
    maxOutputTokens: Math.min(asked ?? room, room),
    echo: {
      instructions,
      metadata: body['metadata'] ?? null,
      parallelToolCalls: body['parallel_tool_calls'] ?? true,
      toolChoice: body['tool_choice'] ?? 'auto',
      tools: body['tools'] ?? [],
      maxToolCalls: body['max_tool_calls'] ?? null,
      reasoning: body['reasoning'] ?? null,
      serviceTier: body['service_tier'] ?? 'auto',
      text: body['text'] ?? null,
      truncation: body['truncation'] ?? 'disabled',
      user: body['user'] ?? null,
      temperature: temperature ?? defaults.temperature,
      topP: topP ?? defaults.topP,
      presencePenalty,
      frequencyPenalty,
    },
  };
}

/** A longer one is refused before, as in a chat. */
const promptTooLong = (tokens: number): ApiError =>
  invalidRequest(
    400,
    `The engine prompt length ${tokens} exceeds the max_model_len ${tokens}. Please reduce prompt.`,
    'input',
  );

/** Nothing is stored unless VLLM_ENABLE_RESPONSES_API_STORE says so, and the simulator has no such mode. */
const backgroundUnsupported = (): ApiError =>
  invalidRequest(
    400,
    'This vLLM engine does not support `store=True` and therefore does not support the background mode. To enable ' +
      'these features, set the environment variable `VLLM_ENABLE_RESPONSES_API_STORE=1` when launching the vLLM ' +
      'server.',
    'background',
  );
