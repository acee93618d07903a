import { IM_END, IM_START, tokenize } from '#testing/simulated-tokens';
import { badRequest } from './api-error';
import type { ChatMessage } from './messages';

/** vLLM refuses a text longer than this many characters a token of context before it tokenizes it. */
const MAX_CHARS_PER_TOKEN = 25;

/** ChatML, with the tools in a system message before the others. */
export function chatPromptIds(messages: readonly ChatMessage[], tools: readonly unknown[], generate = true): number[] {
  const ids: number[] = [];
  const newline = tokenize('\n');
  const say = (role: string, text: string): void => {
    ids.push(IM_START);
    // One by one: a long text has more tokens than a call may have arguments.
    for (const id of tokenize(`${role}\n${text}`)) ids.push(id);
    ids.push(IM_END, ...newline);
  };
  if (tools.length > 0) say('system', `# Tools\n${tools.map((tool) => JSON.stringify(tool)).join('\n')}`);
  for (const { role, text } of messages) say(role, text);
  if (generate) ids.push(IM_START, ...tokenize('assistant\n'));
  return ids;
}

/** What a text must be before it can be tokenized. */
export function checkPromptText(text: string, maxModelLen: number): void {
  const limit = maxModelLen * MAX_CHARS_PER_TOKEN;
  if (text.length > limit) {
    const message =
      `This model's maximum context length is ${maxModelLen} tokens. However, your prompt contains ${text.length} ` +
      `characters (more than ${limit} characters, which is the upper bound for ${maxModelLen} input tokens). ` +
      'Please reduce the length of the input prompt.';
    throw badRequest(message, 'input_text', String(text.length));
  }
  if (!text.isWellFormed()) {
    throw badRequest('TextEncodeInput must be Union[TextInputSequence, Tuple[InputSequence, InputSequence]]');
  }
}

/** The prompt must leave room for an answer. */
export function checkPromptLength(tokens: number, maxModelLen: number): void {
  if (tokens <= maxModelLen) return;
  const message =
    `This model's maximum context length is ${maxModelLen} tokens. However, your prompt contains at least ` +
    `${maxModelLen + 1} input tokens, which exceeds this limit even without any output tokens. ` +
    'Please reduce the length of the input prompt.';
  throw badRequest(message, 'input_tokens', String(maxModelLen + 1));
}

/** More output than the whole context is refused; more than is left of it is cut silently. */
export function checkMaxTokens(maxTokens: number | null, maxModelLen: number, name = 'max_tokens'): void {
  if (maxTokens === null || maxTokens <= maxModelLen) return;
  const message = `${name}=${maxTokens} cannot be greater than max_model_len=${maxModelLen}. Please request fewer output tokens.`;
  throw badRequest(message, name, String(maxTokens));
}
