import { CodedError } from '#contracts/errors';
import type { GatewayConfig } from '../config';
import type { GenerationCall } from '../streaming/generations';
import {
  array,
  asObject,
  boolean,
  either,
  integer,
  isObject,
  kindOf,
  number,
  oneOf,
  refuse,
  string,
  type Check,
} from './fields';
import { checkMessages } from './messages';
import { checkResponseFormat, checkSchema, checkStructuredOutputs } from './structured-output';

export type Caps = Pick<
  GatewayConfig,
  'MAX_N' | 'MAX_BEST_OF' | 'MAX_LOGPROBS' | 'MAX_OUTPUT_TOKENS' | 'MAX_MESSAGES' | 'MAX_STOP' | 'MAX_LOGIT_BIAS'
>;

/** Fields that would change what the server does, or for whom: refused aloud. */
const REFUSED = new Set([
  'chat_template',
  'add_generation_prompt',
  'continue_final_message',
  'documents',
  'mm_processor_kwargs',
  'media_io_kwargs',
  'mm_payload',
  'prompt_embeds',
  'kv_transfer_params',
  'ec_transfer_params',
  'cache_salt',
  'priority',
  'request_id',
  'session_id',
  'vllm_xargs',
  'logits_processors',
  'use_beam_search',
  'api_base',
  'base_url',
  'api_key',
  'api_version',
  'organization',
  'extra_headers',
  'extra_body',
]);

const MAX_TEXT = 8 * 1024 * 1024;
const penalty = number(-2, 2);
const tokenIds = array(integer(0, 10_000_000), 1_024);

function samplingChecks(caps: Caps): [string, Check][] {
  const tokens = integer(1, caps.MAX_OUTPUT_TOKENS);
  return [
    ['temperature', number(0, 2)],
    ['top_p', number(0, 1, true)],
    ['top_k', integer(-1, 1_000_000)],
    ['min_p', number(0, 1)],
    ['n', integer(1, caps.MAX_N)],
    ['max_tokens', tokens],
    ['min_tokens', integer(0, caps.MAX_OUTPUT_TOKENS)],
    ['presence_penalty', penalty],
    ['frequency_penalty', penalty],
    ['repetition_penalty', number(0, 10, true)],
    ['length_penalty', number(-10, 10)],
    ['seed', integer(Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)],
    ['stop', either(array(string(1_000, 1), caps.MAX_STOP), string(1_000, 1))],
    ['stop_token_ids', tokenIds],
    ['allowed_token_ids', tokenIds],
    ['bad_words', array(string(1_000, 1), 256)],
    ['include_stop_str_in_output', boolean],
    ['ignore_eos', boolean],
    ['skip_special_tokens', boolean],
    ['spaces_between_special_tokens', boolean],
    ['logit_bias', logitBias(caps.MAX_LOGIT_BIAS)],
    ['prompt_logprobs', integer(0, caps.MAX_LOGPROBS)],
    ['response_format', checkResponseFormat],
    ['structured_outputs', checkStructuredOutputs],
    ['thinking_token_budget', integer(0, caps.MAX_OUTPUT_TOKENS)],
    ['user', string(512)],
  ];
}

function chatChecks(caps: Caps): Map<string, Check> {
  return new Map<string, Check>([
    ...samplingChecks(caps),
    ['max_completion_tokens', integer(1, caps.MAX_OUTPUT_TOKENS)],
    ['logprobs', boolean],
    ['top_logprobs', integer(0, caps.MAX_LOGPROBS)],
    ['tools', array(tool, 128)],
    ['tool_choice', toolChoice],
    ['parallel_tool_calls', boolean],
    ['reasoning_effort', oneOf('none', 'minimal', 'low', 'medium', 'high', 'xhigh')],
    ['include_reasoning', boolean],
    ['chat_template_kwargs', templateSwitches],
  ]);
}

function completionChecks(caps: Caps): Map<string, Check> {
  return new Map<string, Check>([
    ...samplingChecks(caps),
    ['prompt', prompt],
    ['suffix', string(MAX_TEXT)],
    ['echo', boolean],
    ['logprobs', integer(0, caps.MAX_LOGPROBS)],
  ]);
}

/** Checks requests of one configuration; pure, and made once because its tables are. */
export class RequestChecker {
  private readonly chat: Map<string, Check>;
  private readonly completion: Map<string, Check>;

  constructor(private readonly caps: Caps) {
    this.chat = chatChecks(caps);
    this.completion = completionChecks(caps);
  }

  /** `POST /v1/chat/completions`. @throws CodedError with status 400 and the field in `param`. */
  checkChat(body: unknown): GenerationCall {
    const given = bodyObject(body);
    const ignored = new Set<string>();
    const forward = this.checkFields(given, this.chat, ignored);
    forward['messages'] = checkMessages(given['messages'], this.caps.MAX_MESSAGES, ignored);
    if (given['top_logprobs'] !== undefined && given['top_logprobs'] !== null && given['logprobs'] !== true) {
      refuse('top_logprobs', "it needs 'logprobs': true");
    }
    return this.finish(given, forward, ignored, 1, tokensOf(forward, 'max_completion_tokens', 'max_tokens'));
  }

  /** `POST /v1/completions`. @throws CodedError with status 400 and the field in `param`. */
  checkCompletion(body: unknown): GenerationCall {
    const given = bodyObject(body);
    const ignored = new Set<string>();
    if (given['prompt'] === undefined || given['prompt'] === null) {
      throw new CodedError('missing_required_parameter', "Missing required parameter: 'prompt'.", { param: 'prompt' });
    }
    const forward = this.checkFields(given, this.completion, ignored);
    const prompts = given['prompt'];
    return this.finish(
      given,
      forward,
      ignored,
      Array.isArray(prompts) && typeof prompts[0] !== 'number' ? prompts.length : 1,
      tokensOf(forward, 'max_tokens') ?? COMPLETION_TOKENS,
    );
  }

  private checkFields(
    given: Record<string, unknown>,
    checks: Map<string, Check>,
    ignored: Set<string>,
  ): Record<string, unknown> {
    const forward: Record<string, unknown> = {};
    for (const field of Object.keys(given)) {
      const value = given[field];
      if (field === 'model' || field === 'stream' || field === 'stream_options' || field === 'messages') continue;
      if (REFUSED.has(field)) {
        throw new CodedError('unsupported_parameter', `Unsupported parameter: '${field}' is not taken from clients.`, {
          param: field,
        });
      }
      const check = checks.get(field);
      if (value === null || value === undefined) continue; // OpenAI's SDKs send null for what is not set
      if (check !== undefined) {
        check(value, field);
        forward[field] = value;
      } else if (field === 'best_of') {
        // OpenAI's; this vLLM has it no more. Checked all the same, so that 2^31 is refused everywhere.
        integer(1, this.caps.MAX_BEST_OF)(value, field);
        ignored.add(field);
      } else {
        ignored.add(field);
      }
    }
    return forward;
  }

  private finish(
    given: Record<string, unknown>,
    forward: Record<string, unknown>,
    ignored: Set<string>,
    prompts: number,
    maxOutputTokens: number | null,
  ): GenerationCall {
    const { model, stream } = given;
    if (model === undefined || model === null || model === '') {
      throw new CodedError('missing_required_parameter', "You must provide a 'model' parameter.", { param: 'model' });
    }
    string(256, 1)(model, 'model');
    if (stream !== undefined && stream !== null) boolean(stream, 'stream');
    const streaming = stream === true;
    const n = forward['n'];
    return {
      model: model as string,
      streaming,
      ...checkStreamOptions(given['stream_options'], streaming, ignored),
      choices: prompts * (typeof n === 'number' ? n : 1),
      maxOutputTokens,
      choicesPerPrompt: typeof n === 'number' ? n : 1,
      body: encode(forward),
      ignored: [...ignored].slice(0, 50),
    };
  }
}

/** OpenAI's default for completions, and vLLM's (CompletionRequest.max_tokens). Chats have none. */
const COMPLETION_TOKENS = 16;

/** The first of these fields that is given. */
function tokensOf(forward: Record<string, unknown>, ...fields: string[]): number | null {
  const found = fields.map((field) => forward[field]).find((value) => typeof value === 'number');
  return found ?? null;
}

function checkStreamOptions(
  value: unknown,
  streaming: boolean,
  ignored: Set<string>,
): { includeUsage: boolean; continuousUsage: boolean } {
  if (value === undefined || value === null) return { includeUsage: false, continuousUsage: false };
  const options = asObject(value, 'stream_options');
  if (!streaming) refuse('stream_options', "it is only allowed with 'stream': true");
  for (const field of Object.keys(options)) {
    if (field === 'include_usage' || field === 'continuous_usage_stats')
      boolean(options[field], `stream_options.${field}`);
    else ignored.add(`stream_options.${field}`);
  }
  const includeUsage = options['include_usage'] === true;
  return { includeUsage, continuousUsage: includeUsage && options['continuous_usage_stats'] === true };
}

const NUL = '\\u0000';
/** A surrogate that JSON.stringify had to escape has lost its other half (ECMA-262, well-formed JSON.stringify). */
const ESCAPED_SURROGATE = /(?<!\\)(?:\\\\)*\\ud[89a-f]/;
const ESCAPED_NUL = /(?<!\\)(?:\\\\)*\\u0000/;

/** @throws CodedError when a string in it is no text: half a surrogate pair, or a NUL, which no database of ours keeps. */
export function encode(forward: object): Uint8Array {
  const json = JSON.stringify(forward);
  if (json.includes('\\ud') && ESCAPED_SURROGATE.test(json)) {
    throw new CodedError(
      'invalid_value',
      'A string of the request holds half of a surrogate pair, which is no Unicode text.',
    );
  }
  if (json.includes(NUL) && ESCAPED_NUL.test(json)) {
    throw new CodedError('invalid_value', 'A string of the request holds the character NUL (U+0000).');
  }
  return Buffer.from(json);
}

function bodyObject(body: unknown): Record<string, unknown> {
  if (!isObject(body))
    throw new CodedError('invalid_json', `The body must be a JSON object, but it is ${kindOf(body ?? null)}.`);
  return body;
}

function logitBias(maxEntries: number): Check {
  const bias = number(-100, 100);
  return (value, path) => {
    const entries = Object.entries(asObject(value, path));
    if (entries.length > maxEntries) refuse(path, `expected at most ${maxEntries} entries, but got ${entries.length}`);
    for (const [token, amount] of entries) {
      if (!/^\d{1,8}$/.test(token)) refuse(path, 'its keys must be token ids');
      bias(amount, `${path}.${token}`);
    }
  };
}

const functionName: Check = (value, path) => {
  if (typeof value !== 'string' || !/^[A-Za-z0-9_.-]{1,64}$/.test(value)) {
    refuse(path, "expected a name of 1 to 64 letters, digits, '_', '-' or '.'");
  }
};

function tool(value: unknown, path: string): void {
  const given = asObject(value, path);
  oneOf('function')(given['type'], `${path}.type`);
  const fn = asObject(given['function'], `${path}.function`);
  functionName(fn['name'], `${path}.function.name`);
  if (fn['parameters'] !== undefined && fn['parameters'] !== null)
    checkSchema(fn['parameters'], `${path}.function.parameters`);
}

function toolChoice(value: unknown, path: string): void {
  if (typeof value === 'string') return oneOf('none', 'auto', 'required')(value, path);
  const choice = asObject(value, path);
  oneOf('function')(choice['type'], `${path}.type`);
  functionName(asObject(choice['function'], `${path}.function`)['name'], `${path}.function.name`);
}

/** Switches that chat templates of reasoning models know. Anything else could replace the template itself. */
function templateSwitches(value: unknown, path: string): void {
  for (const [key, setting] of Object.entries(asObject(value, path))) {
    if (key === 'enable_thinking' || key === 'thinking') boolean(setting, `${path}.${key}`);
    else if (key === 'reasoning_effort') string(16)(setting, `${path}.${key}`);
    else refuse(`${path}.${key}`, "only 'enable_thinking', 'thinking' and 'reasoning_effort' are taken");
  }
}

/** A text, token ids, or a list of either. */
function prompt(value: unknown, path: string): void {
  if (typeof value === 'string') return;
  if (!Array.isArray(value)) return refuse(path, `expected a string or an array, but got ${kindOf(value)}`);
  if (value.length === 0) refuse(path, 'it is empty');
  if (typeof value[0] === 'number') return array(integer(0, 10_000_000), 1_000_000)(value, path);
  array(either(array(integer(0, 10_000_000), 1_000_000, 1), string(MAX_TEXT)), MAX_PROMPTS)(value, path);
}

/** Prompts of one request; each is a sequence of its own for the engine, as `n` is. */
const MAX_PROMPTS = 64;
