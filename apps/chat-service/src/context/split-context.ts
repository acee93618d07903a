import type { PathMessage } from '../conversations/exchange.repository';
import type { Context, EngineMessage } from './fit-context';

/** A reasoning model does not read its old thoughts again: its own chat template drops them, where it has one. */
const THOUGHTS = /^[^]*<\/think>\s*/;

/** Messages as a client sent them: system prompts, the last question with what belongs to it, and the turns before. */
export function splitMessages(messages: readonly EngineMessage[]): Context {
  const system = messages.filter(({ role }) => role === 'system');
  const talk = messages.filter(({ role }) => role !== 'system');
  const turns: EngineMessage[][] = [];
  for (const message of talk) {
    if (message.role === 'user' || turns.length === 0) turns.push([message]);
    else turns.at(-1)?.push(message);
  }
  const question = turns.pop() ?? [];
  return { system, turns, question };
}

/**
 * A path of a conversation. A question that got no word of an answer is left out: its author asked again, or gave up.
 * @param path oldest first; the last one is the question.
 */
export function splitPath(path: readonly PathMessage[], systemPrompt: string | null): Context {
  const turns: EngineMessage[][] = [];
  for (let at = 0; at < path.length - 1; at++) {
    const [asked, answered] = [path[at], path[at + 1]];
    if (asked?.role !== 'user' || answered?.role !== 'assistant') continue;
    const answer = answered.content.replace(THOUGHTS, '');
    if (answer === '') continue;
    turns.push([
      { role: 'user', content: asked.content },
      { role: 'assistant', content: answer },
    ]);
  }
  const question = path.at(-1);
  return {
    system: systemPrompt === null ? [] : [{ role: 'system', content: systemPrompt }],
    turns,
    question: question === undefined ? [] : [{ role: 'user', content: question.content }],
  };
}
