/** The form in which texts are compared: composed (a Hangul syllable typed as jamo is the same) and in lower case. */
export function fold(text: string): string {
  return text.normalize('NFC').toLowerCase();
}

/** What stands in a pattern of LIKE for itself. */
export function likePattern(text: string): string {
  return `%${text.replace(/[\\%_]/g, '\\$&')}%`;
}

const SNIPPET_BEFORE = 40;
const SNIPPET_CHARS = 160;

/** The place of a text where the query stands; its beginning when folding moved it. */
export function snippet(text: string, foldedQuery: string): string {
  const at = fold(text).indexOf(foldedQuery);
  const from = Math.max(0, at - SNIPPET_BEFORE);
  return text.slice(from, from + SNIPPET_CHARS).toWellFormed();
}
