import { badRequest, invalidFields, type ApiError, type Problem } from './api-error';
import { pyString } from './python';

export interface ChatMessage {
  readonly role: string;
  /** Text parts joined, as the chat template sees them. */
  readonly text: string;
}

const STRING = { type: 'string_type', msg: 'Input should be a valid string' } as const;
const ITERABLE = { type: 'iterable_type', msg: 'Input should be iterable' } as const;

/**
 * vLLM checks a message against a union of parameter types, and its error lists what each of them misses.
 * `order` is the order of the fields in that type, `role` the only role it takes.
 */
interface ParamType {
  readonly name: string;
  readonly order: readonly ('content' | 'role' | 'extra')[];
  readonly role: string | null;
  readonly nullContent?: true;
  readonly stringOnly?: true;
  readonly extra?: string;
}

const PARAM_TYPES: readonly ParamType[] = [
  { name: 'ChatCompletionDeveloperMessageParam', order: ['content', 'role'], role: 'developer' },
  { name: 'ChatCompletionSystemMessageParam', order: ['content', 'role'], role: 'system' },
  { name: 'ChatCompletionUserMessageParam', order: ['content', 'role'], role: 'user' },
  { name: 'ChatCompletionAssistantMessageParam', order: ['role', 'content'], role: 'assistant', nullContent: true },
  { name: 'ChatCompletionToolMessageParam', order: ['content', 'role', 'extra'], role: 'tool', extra: 'tool_call_id' },
  {
    name: 'ChatCompletionFunctionMessageParam',
    order: ['content', 'extra', 'role'],
    role: 'function',
    nullContent: true,
    stringOnly: true,
    extra: 'name',
  },
  { name: 'CustomChatCompletionMessageParam', order: ['content', 'role'], role: null },
];

type Message = Readonly<Record<string, unknown>>;

const contentIsValid = (message: Message, type: ParamType): boolean => {
  const { content } = message;
  if (content === undefined || typeof content === 'string' || Array.isArray(content)) return true;
  return content === null && (type.nullContent === true || message['role'] === type.role);
};

function problemsOfType(loc: string, message: Message, type: ParamType): Problem[] {
  const at = (field: string): string => `${loc}.${type.name}.${field}`;
  const missing = (field: string): Problem => ({
    type: 'missing',
    loc: at(field),
    msg: 'Field required',
    input: message,
  });
  return type.order.flatMap((field): Problem[] => {
    if (field === 'extra') return type.extra === undefined || type.extra in message ? [] : [missing(type.extra)];
    if (field === 'content') {
      const { content } = message;
      if (content === null ? type.nullContent === true : contentIsValid(message, type)) return [];
      const kinds = type.stringOnly === true ? [STRING] : [STRING, ITERABLE];
      return kinds.map((kind) => ({ ...kind, loc: at('content'), input: content }));
    }
    if (message['role'] === undefined) return [missing('role')];
    if (type.role === null || message['role'] === type.role) return [];
    const msg = `Input should be '${type.role}'`;
    const ctx = `{'expected': ${pyString(`'${type.role}'`)}}`;
    return [{ type: 'literal_error', loc: at('role'), msg, input: message['role'], ctx }];
  });
}

function messageProblem(loc: string, message: unknown): ApiError | null {
  if (typeof message !== 'object' || message === null || Array.isArray(message)) {
    const msg = 'Input should be a valid dictionary';
    const problems = PARAM_TYPES.map(({ name }) => ({ type: 'dict_type', loc: `${loc}.${name}`, msg, input: message }));
    return invalidFields(problems);
  }
  const fields = message as Message;
  const { content, role } = fields;
  const contentOk =
    content === undefined ||
    typeof content === 'string' ||
    Array.isArray(content) ||
    (content === null && role !== 'user' && role !== 'system');
  if (typeof role === 'string' && contentOk) return null;
  const problems = PARAM_TYPES.flatMap((type) => problemsOfType(loc, fields, type));
  // The last of the union is gpt-oss's Message, which always misses its author and one more.
  const author: Problem = { type: 'missing', loc: `${loc}.Message.author`, msg: 'Field required', input: fields };
  return invalidFields([...problems, author], problems.length + 2);
}

/** Texts of one message. Throws what vLLM answers to parts that are no text. */
function messageText(content: unknown, model: string): string {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return '';
  const texts = content.map((part: unknown): string => {
    if (typeof part === 'string') return part;
    const { type, text } = (part ?? {}) as { type?: unknown; text?: unknown };
    if (type === 'text' || (type === undefined && typeof text === 'string'))
      return typeof text === 'string' ? text : '';
    throw badRequest(`${model} is not a multimodal model`);
  });
  return texts.join('\n');
}

/** The fields of `messages`, or null and a problem: the caller reports it with those of the other fields. */
export function checkMessages(input: unknown, body: unknown): Problem | null {
  if (input === undefined) return { type: 'missing', loc: 'body.messages', msg: 'Field required', input: body };
  if (input === null) throw badRequest("'NoneType' object is not iterable");
  if (!Array.isArray(input)) {
    return { type: 'list_type', loc: 'body.messages', msg: 'Input should be a valid list', input };
  }
  for (const [index, message] of input.entries()) {
    const problem = messageProblem(`body.messages.${index}`, message);
    if (problem !== null) throw problem;
  }
  return null;
}

/** Messages that passed `checkMessages`, as the chat template takes them. */
export function readMessages(input: readonly unknown[], model: string): ChatMessage[] {
  if (input.length === 0) {
    throw badRequest('Cannot apply chat template to an empty conversation. Provide at least one message.');
  }
  return input.map((message) => {
    const { role, content } = message as { role: string; content?: unknown };
    return { role, text: messageText(content, model) };
  });
}
