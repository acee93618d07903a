/** What a model thought and what it answered. */
export interface Thought {
  reasoning: string;
  content: string;
  /** It has not come to its answer yet. */
  thinking: boolean;
}

const OPEN = '<think>';
const CLOSE = '</think>';

/**
 * Takes `<think>...</think>` out of an answer whose engine has no reasoning parser. DeepSeek R1's template writes the
 * opening tag itself, so an answer may begin inside of it.
 */
export function splitThinking(content: string, reasoning: string | null): Thought {
  if (reasoning !== null && reasoning !== '') return { reasoning, content, thinking: content === '' };
  const close = content.indexOf(CLOSE);
  const opens = content.trimStart().startsWith(OPEN);
  if (close < 0) {
    if (!opens) return { reasoning: '', content, thinking: false };
    return { reasoning: content.trimStart().slice(OPEN.length), content: '', thinking: true };
  }
  const before = content.slice(0, close).trimStart();
  return {
    reasoning: before.startsWith(OPEN) ? before.slice(OPEN.length) : before,
    content: content.slice(close + CLOSE.length).trimStart(),
    thinking: false,
  };
}
