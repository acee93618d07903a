import type { ServeOptions } from '../cli/serve-options';
import { checkAnthropicFields, isObject } from './anthropic-fields';
import { ApiError, invalidFields } from './api-error';
import { readChatRequest, type ChatRequest, type Limits } from './chat-request';
import { FieldReader, type Body } from './fields';

type Json = Readonly<Record<string, unknown>>;

/** Per-request hashes of a client that would defeat prefix caching: vLLM drops a text that begins so. */
const BILLING_HEADER = 'x-anthropic-billing-header';

const blocksOf = (content: unknown): readonly Json[] => (Array.isArray(content) ? content.filter(isObject) : []);

/** The text of a system prompt, without billing headers. */
function systemText(content: unknown): string {
  const texts = typeof content === 'string' ? [content] : blocksOf(content).map(({ text }) => text);
  return texts.filter((text) => typeof text === 'string' && !text.startsWith(BILLING_HEADER)).join('');
}

function toolResult(block: Json): Json {
  const { content } = block;
  const texts = blocksOf(content).flatMap(({ type, text }) => (type === 'text' ? [text] : []));
  const text = typeof content === 'string' ? content : texts.join('\n');
  return { role: 'tool', tool_call_id: block['tool_use_id'] ?? '', content: text };
}

/** One message of Anthropic's API as messages of OpenAI's: results of tools become messages of their own, before it. */
function chatMessages(message: Json): Json[] {
  const { role, content } = message;
  if (role === 'system') {
    const text = systemText(content);
    return text === '' ? [] : [{ role, content: text }];
  }
  if (typeof content === 'string') return [{ role, content }];
  const results: Json[] = [];
  const parts: Json[] = [];
  const calls: Json[] = [];
  for (const block of blocksOf(content)) {
    if (block['type'] === 'text' && block['text']) parts.push({ type: 'text', text: block['text'] });
    if (block['type'] === 'image') parts.push({ type: 'image_url', image_url: { url: '' } });
    if (block['type'] === 'tool_result' && role === 'user') results.push(toolResult(block));
    if (block['type'] === 'tool_use') {
      const call = { name: block['name'] ?? '', arguments: JSON.stringify(block['input'] ?? {}) };
      calls.push({ id: block['id'] ?? 'call_0', type: 'function', function: call });
    }
  }
  const [first] = parts;
  const only = parts.length === 1 && first?.['type'] === 'text' ? first['text'] : parts;
  if (parts.length === 0 && role === 'user') return results;
  return [
    ...results,
    {
      role,
      ...(parts.length > 0 ? { content: only } : {}),
      ...(calls.length > 0 ? { tool_calls: calls } : {}),
    },
  ];
}

function chatToolChoice(choice: unknown): unknown {
  if (!isObject(choice)) return 'auto';
  switch (choice['type']) {
    case 'any':
      return 'required';
    case 'tool':
      return { type: 'function', function: { name: choice['name'] } };
    default:
      return choice['type'];
  }
}

/** Turns the body into one of /v1/chat/completions, as vllm/entrypoints/anthropic/serving.py does. */
function chatBody(body: Body): Body {
  const system = systemText(body['system'] ?? '');
  const messages = body['messages'] as readonly Json[];
  const tools = Array.isArray(body['tools']) ? (body['tools'] as readonly Json[]) : [];
  const config = isObject(body['output_config']) ? body['output_config'] : {};
  const schema = isObject(config['format']) ? config['format']['schema'] : undefined;
  return {
    model: body['model'],
    messages: [...(system === '' ? [] : [{ role: 'system', content: system }]), ...messages.flatMap(chatMessages)],
    max_tokens: body['max_tokens'],
    max_completion_tokens: body['max_tokens'],
    stop: body['stop_sequences'],
    temperature: body['temperature'],
    top_p: body['top_p'],
    top_k: body['top_k'],
    ...(body['stream'] ? { stream: body['stream'], stream_options: { include_usage: true } } : {}),
    ...(isObject(schema)
      ? { response_format: { type: 'json_schema', json_schema: { name: 'json_schema', schema } } }
      : {}),
    ...(tools.length === 0
      ? {}
      : {
          tool_choice: chatToolChoice(body['tool_choice']),
          tools: tools.map(({ name, description, input_schema: parameters }) => ({
            type: 'function',
            function: { name, description, parameters },
          })),
        }),
  };
}

/** Anthropic's shape of an error. */
export function anthropicError(error: ApiError): Json {
  const { type, message } = error.body['error'] as { type: string; message: string };
  return { type: 'error', error: { type, message } };
}

/**
 * Reads and checks a body of /v1/messages, or of its count_tokens. Throws an ApiError: OpenAI's for a field that is
 * wrong, Anthropic's for whatever is found after that, as recorded.
 */
export function readAnthropicRequest(
  body: Body,
  generates: boolean,
  options: ServeOptions,
  limits: Limits,
): ChatRequest {
  const fields = new FieldReader(body);
  checkAnthropicFields(fields, body, generates);
  if (fields.problems.length > 0) throw invalidFields(fields.problems);
  return inAnthropicsWords(() => readChatRequest(chatBody(body), options, limits));
}

/** Gives the errors of `action` Anthropic's shape. */
export function inAnthropicsWords<T>(action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    throw new ApiError(error.status, anthropicError(error), error.message);
  }
}
