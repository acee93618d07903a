import { withoutThinking } from '../code/thinking';

const MAX_TITLE_CHARS = 60;

/** The beginning of a question as a title, cut between words where there are any; null when there is nothing to see. */
export function firstWords(question: string): string | null {
  const line = question
    .slice(0, 4 * MAX_TITLE_CHARS)
    .replace(/[\s\p{Cc}]+/gu, ' ')
    .trim()
    .toWellFormed();
  if (line === '') return null;
  if (line.length <= MAX_TITLE_CHARS) return line;
  const cut = line.slice(0, MAX_TITLE_CHARS + 1);
  const space = cut.lastIndexOf(' ');
  const kept = (space > MAX_TITLE_CHARS / 2 ? cut.slice(0, space) : cut.slice(0, MAX_TITLE_CHARS)).trimEnd();
  // Never half of a character that is two units.
  return `${kept.replace(/[\ud800-\udbff]$/, '')}…`;
}

const MAX_ENGINE_TITLE_CHARS = 80;

/** A title out of what an engine wrote: one line, without thoughts, quotes and marks; null when nothing is left. */
export function titleFrom(answer: string): string | null {
  const line = withoutThinking(answer)
    .split('\n')
    .map(bare)
    .find((text) => text !== '');
  return line === undefined ? null : line.slice(0, MAX_ENGINE_TITLE_CHARS).toWellFormed().trim();
}

function bare(line: string): string {
  return line
    .replace(/\p{Cc}+/gu, ' ')
    .replace(/^[\s#*>_-]*(?:(?:title|제목)\s*[:：])?[\s"'“”‘’「『*_]*/iu, '')
    .replace(/[\s"'“”‘’」』*_.]*$/u, '');
}
