/** A line that opens or closes a block of code in Markdown: its indentation, its marks, what stands behind them. */
export const FENCE = /^([ \t]*)(`{3,}|~{3,})(.*)$/;
/** A line that may still become one. */
export const FENCE_SO_FAR = /^[ \t]*(?:`{0,2}|~{0,2})$/;

/** A block of code that is open. */
export interface Fence {
  /** How a line that closes it begins. */
  mark: string;
  /** White space in front of the opening mark, taken away from each line. */
  indent: string;
  /** Fences opened inside (an answer that is Markdown itself). */
  depth: number;
}

/** What a line with marks is within a block; its depth is kept. `whole`: the end of the line has come. */
export function fenceWithin(
  fence: Fence,
  [, , mark = '', info = '']: RegExpExecArray,
  whole: boolean,
): 'code' | 'undecided' | 'closed' {
  if (!mark.startsWith(fence.mark)) return !whole && info === '' && fence.mark.startsWith(mark) ? 'undecided' : 'code';
  if (!whole) return 'undecided';
  if (info.trim() !== '') fence.depth += 1;
  else if (fence.depth === 0) return 'closed';
  else fence.depth -= 1;
  return 'code';
}
