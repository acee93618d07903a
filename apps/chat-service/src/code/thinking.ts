/**
 * Between what models think before they answer, where no reasoning parser of the engine has taken it out
 * (vllm/reasoning/: deepseek_r1, granite, k2_horizon, minimax_m3, mistral, seed_oss; EXAONE Deep: its model card).
 */
const MARKS: readonly (readonly [open: string, close: string])[] = [
  ['<think>', '</think>'],
  ['<thinking>', '</thinking>'],
  ['<thought>', '</thought>'],
  ['<seed:think>', '</seed:think>'],
  ['<mm:think>', '</mm:think>'],
  ['<ifm|think>', '</ifm|think>'],
  ['<ifm|think_fast>', '</ifm|think_fast>'],
  ['<ifm|think_faster>', '</ifm|think_faster>'],
  ['[THINK]', '[/THINK]'],
  ['◁think▷', '◁/think▷'],
  ['Here is my thought process:', 'Here is my response:'],
  ["Here's my thought process:", "Here's my response:"],
];

/** With which an answer begins whose thinking comes first. */
export const THINKING_OPEN: readonly string[] = MARKS.map(([open]) => open);
const CLOSING = MARKS.map(([, close]) => close);
/** Whichever mark it ends with: templates open the thinking themselves, and models mix the marks up. */
export const THINKING_CLOSE = new RegExp(CLOSING.map((close) => close.replace(/[[\]/|]/g, '\\$&')).join('|'));
/** A mark that has begun to come is at most so long, characters. */
export const THINKING_CLOSE_BEGUN_CHARS = Math.max(...CLOSING.map(({ length }) => length)) - 1;

/** What is said behind the thinking. Null: there is no end of one. */
export function behindThinking(answer: string): string | null {
  const ends = CLOSING.map((close) => answer.lastIndexOf(close) + close.length).filter(
    (end, at) => end >= (CLOSING[at]?.length ?? 0),
  );
  return ends.length === 0 ? null : answer.slice(Math.max(...ends));
}

/** Whether a thinking begins somewhere in it. */
export function opensThinking(answer: string): boolean {
  return THINKING_OPEN.some((open) => answer.includes(open));
}

/** What a whole answer says; nothing where its thinking has no end. @param opened the template itself has begun a thinking. */
export function withoutThinking(answer: string, opened = false): string {
  return behindThinking(answer) ?? (opened || opensThinking(answer) ? '' : answer);
}
