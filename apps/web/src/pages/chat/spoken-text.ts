/** A screen reader's user reads on in the page; longer than this, an announcement cannot be stopped comfortably. */
const SPOKEN_CHARS = 600;

/** Markdown as it is read out: without marks, code blocks named by their language only, and not without end. */
export function spokenText(markdown: string): string {
  const text = markdown
    .replace(
      /^ {0,3}(```+|~~~+) *(\S*)[^\n]*\n[\s\S]*?(?:^ {0,3}\1[^\n]*$|$(?![\s\S]))/gm,
      (_, _fence, language) => `[${language || 'code'}]`,
    )
    .replace(/!?\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replace(/^ {0,3}(?:#{1,6}|>|[-*+]|\d+[.)])\s+/gm, '')
    .replace(/[*_`~|]+/g, '')
    .replace(/\s+/g, ' ')
    .trim();
  if (text.length <= SPOKEN_CHARS) return text;
  const cut = text.slice(0, SPOKEN_CHARS);
  return `${cut.slice(0, Math.max(cut.lastIndexOf(' '), SPOKEN_CHARS / 2))} …`;
}
