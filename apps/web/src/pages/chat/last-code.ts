/** The last fenced block of a Markdown text; null when it has none. A block that is not closed yet counts. */
export function lastCode(text: string | null): string | null {
  let fence: string | null = null;
  let block: string[] = [];
  let last: string[] | null = null;
  for (const line of (text ?? '').split('\n')) {
    const [, mark = null] = /^ {0,3}(`{3,}|~{3,})/.exec(line) ?? [];
    if (fence === null) {
      if (mark === null) continue;
      fence = mark;
      block = [];
      last = block;
    } else if (mark !== null && mark.startsWith(fence) && line.trim() === mark) fence = null;
    else block.push(line);
  }
  return last === null ? null : `${last.join('\n')}\n`;
}
