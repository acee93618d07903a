import { isUUID } from 'class-validator';
import { CodedError } from '#contracts/errors';
import type { ChatTurn } from '#contracts/chat';
import { DEFAULT_MODEL } from '#contracts/models';
import type { RequestChecker } from '../openai/generation-request';
import { isObject, kindOf, refuse } from '../openai/fields';
import type { GenerationCall } from '../streaming/generations';

/** A body of `POST /api/chat`, taken apart; its parameters are not checked yet. */
export interface GivenChat {
  /** Null: stateless. */
  conversationId: string | null;
  parentId: string | null | undefined;
  /** Null: another answer is asked for. */
  content: string | null;
  parameters: Record<string, unknown>;
}

/** What the user's settings say. */
export interface ChatSettings {
  defaultModel: string | null;
  defaultSystemPrompt: string | null;
}

/** Checks native chat by the rules of `/v1/chat/completions`, since the same engine reads it. */
export class ChatChecker {
  constructor(private readonly requests: RequestChecker) {}

  /** @throws CodedError with status 400 and the field in `param`. */
  read(body: unknown): GivenChat {
    if (!isObject(body))
      throw new CodedError('invalid_json', `The body must be a JSON object, but it is ${kindOf(body ?? null)}.`);
    const { conversationId = null, parentId, content = null, ...parameters } = body;
    if (conversationId === null) {
      if (content !== null || parentId !== undefined) refuse('conversationId', "'content' belongs to a conversation");
      return { conversationId: null, parentId: undefined, content: null, parameters: snakeCased(parameters) };
    }
    if (parameters['messages'] !== undefined)
      refuse('messages', "a conversation has its own messages: send the question as 'content'");
    if (content !== null && typeof content !== 'string')
      refuse('content', `expected a string, but got ${kindOf(content)}`);
    if (content === '') refuse('content', 'it is empty');
    return {
      conversationId: idOf(conversationId, 'conversationId'),
      parentId: parentId === undefined || parentId === null ? parentId : idOf(parentId, 'parentId'),
      content,
      parameters: snakeCased(parameters),
    };
  }

  /** @throws CodedError with status 400 and the field in `param`. */
  check({ conversationId, parentId, content, parameters }: GivenChat, settings: ChatSettings | null): GenerationCall {
    if (parameters['stream'] === false) refuse('stream', 'this route always answers with events');
    const { model = settings?.defaultModel ?? DEFAULT_MODEL, n, ...rest } = parameters;
    if (n !== undefined && n !== null && n !== 1) refuse('n', 'this route gives one answer');
    const call = this.requests.checkChat({
      ...rest,
      model,
      ...(conversationId === null ? {} : { messages: [{ role: 'user', content: content ?? '' }] }),
      stream: true,
      stream_options: { include_usage: true },
    });
    return { ...call, chat: turnOf(conversationId, parentId, content, settings) };
  }
}

function turnOf(
  conversationId: string | null,
  parentId: string | null | undefined,
  content: string | null,
  settings: ChatSettings | null,
): ChatTurn {
  if (conversationId === null) return { kind: 'stateless' };
  return {
    kind: 'stored',
    conversationId,
    ...(parentId === undefined ? {} : { parentId }),
    question: content !== null,
    userPrompt: settings?.defaultSystemPrompt ?? null,
  };
}

/** What is no id is nobody's: 404, as for one that does not exist. */
function idOf(value: unknown, field: string): string {
  if (typeof value !== 'string') return refuse(field, `expected an id, but got ${kindOf(value)}`);
  if (!isUUID(value)) throw new CodedError('not_found', 'There is nothing with this id.', { param: field });
  return value.toLowerCase();
}

/** Native routes speak camelCase: `maxTokens` is OpenAI's `max_tokens`, which is taken too. */
function snakeCased(parameters: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(parameters).map(([name, value]) => [
      /^[a-z]+(?:[A-Z][a-z]+)+$/.test(name) ? name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`) : name,
      value,
    ]),
  );
}
