import { CodedError } from '#contracts/errors';
import { asObject, isObject, kindOf, refuse, string } from './fields';

const ROLES = new Set(['system', 'developer', 'user', 'assistant', 'tool', 'function']);
/** What a message may have; the rest is not forwarded. */
const FIELDS = new Set([
  'role',
  'content',
  'name',
  'tool_calls',
  'tool_call_id',
  'refusal',
  'reasoning',
  'reasoning_content',
]);
const name = string(64, 1);
const callId = string(256, 1);

/**
 * Checks a conversation and returns what the engine may see of it.
 * @param ignored names of fields that are left out, added to.
 * @throws CodedError `invalid_value` or `missing_required_parameter`.
 */
export function checkMessages(value: unknown, maxMessages: number, ignored: Set<string>): unknown[] {
  if (value === undefined)
    throw new CodedError('missing_required_parameter', "Missing required parameter: 'messages'.", {
      param: 'messages',
    });
  if (!Array.isArray(value)) return refuse('messages', `expected an array, but got ${kindOf(value)}`);
  if (value.length === 0) refuse('messages', 'it is empty');
  if (value.length > maxMessages)
    refuse('messages', `expected at most ${maxMessages} messages, but got ${value.length}`);
  return value.map((message, index) => checkMessage(message, `messages[${index}]`, ignored));
}

function checkMessage(value: unknown, path: string, ignored: Set<string>): Record<string, unknown> {
  const message = asObject(value, path);
  const { role } = message;
  if (typeof role !== 'string' || !ROLES.has(role)) {
    refuse(`${path}.role`, `expected one of ${[...ROLES].map((r) => `'${r}'`).join(', ')}`);
  }
  const kept: Record<string, unknown> = {};
  for (const field of Object.keys(message)) {
    if (FIELDS.has(field)) kept[field] = message[field];
    else ignored.add(`messages[].${field}`);
  }
  // OpenAI's newer name for it; chat templates know only `system`.
  if (role === 'developer') kept['role'] = 'system';
  const content = checkContent(message, role, path, ignored);
  if ('content' in kept) kept['content'] = content;
  if (message['name'] !== undefined && message['name'] !== null) name(message['name'], `${path}.name`);
  if (message['tool_calls'] !== undefined && message['tool_calls'] !== null)
    checkToolCalls(message['tool_calls'], `${path}.tool_calls`);
  if (role === 'tool') callId(message['tool_call_id'], `${path}.tool_call_id`);
  return kept;
}

/** @returns what the engine may see of it. */
function checkContent(
  message: Record<string, unknown>,
  role: string,
  path: string,
  ignored: Set<string>,
): string | null | Record<string, unknown>[] {
  const { content } = message;
  if (typeof content === 'string') return content;
  if (content === null || content === undefined) {
    const mayBeEmpty =
      role === 'assistant' &&
      (message['tool_calls'] ?? message['refusal'] ?? message['reasoning_content']) !== undefined;
    if (mayBeEmpty) return null;
    refuse(`${path}.content`, 'expected a string or an array of content parts, but got null');
  }
  if (!Array.isArray(content))
    refuse(`${path}.content`, `expected a string or an array of content parts, but got ${kindOf(content)}`);
  if (content.length === 0) refuse(`${path}.content`, 'it is empty');
  return content.map((part, index) => checkPart(part, `${path}.content[${index}]`, ignored));
}

/**
 * A part has what belongs to its type and nothing else: with a `uuid` beside it, vLLM looks at `image_url` or `video_url` before
 * it looks at `type` (entrypoints/chat_utils.py, _parse_chat_message_content_mm_part), and fetches what stands there.
 */
function checkPart(value: unknown, path: string, ignored: Set<string>): Record<string, unknown> {
  const part = asObject(value, path);
  const { type } = part;
  if (type !== 'text' && type !== 'image_url' && type !== 'refusal')
    return refuse(`${path}.type`, "expected one of 'text', 'image_url', 'refusal'");
  for (const field of Object.keys(part))
    if (field !== 'type' && field !== type) ignored.add(`messages[].content[].${field}`);
  if (type === 'image_url') return { type, image_url: checkImage(part['image_url'], `${path}.image_url`) };
  if (typeof part[type] !== 'string')
    refuse(`${path}.${type}`, `expected a string, but got ${kindOf(part[type] ?? null)}`);
  return { type, [type]: part[type] };
}

/** An image travels in the request. A URL would make the engine fetch what the caller names, from inside the network. */
function checkImage(value: unknown, path: string): Record<string, unknown> {
  const url = isObject(value) ? value['url'] : value;
  if (typeof url !== 'string') return refuse(`${path}.url`, 'expected a string');
  if (!/^data:image\/(png|jpeg|webp|gif);base64,[A-Za-z0-9+/=]+$/.test(url)) {
    refuse(
      `${path}.url`,
      "expected an image in the request itself ('data:image/png;base64,...'); addresses are not fetched",
    );
  }
  const detail = isObject(value) ? value['detail'] : undefined;
  return typeof detail === 'string' ? { url, detail } : { url };
}

function checkToolCalls(value: unknown, path: string): void {
  if (!Array.isArray(value) || value.length > 128) return refuse(path, 'expected an array of at most 128 tool calls');
  value.forEach((item, index) => {
    const call = asObject(item, `${path}[${index}]`);
    callId(call['id'], `${path}[${index}].id`);
    const fn = asObject(call['function'], `${path}[${index}].function`);
    name(fn['name'], `${path}[${index}].function.name`);
    if (typeof fn['arguments'] !== 'string')
      refuse(`${path}[${index}].function.arguments`, 'expected a string of JSON');
  });
}
