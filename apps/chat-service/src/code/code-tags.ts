/**
 * The tags in which Code Llama and models made from it were trained to give code
 * (`[PYTHON] ... [/PYTHON]`, Rozière et al., "Code Llama", prompts of its appendix), and the marks of their chat form; the tag in
 * which Hunyuan and models trained as R1-Zero was answer behind their thinking (vllm/reasoning/hunyuan_a13b_reasoning_parser.py).
 */
const OPENING: Readonly<Record<string, string>> = {
  '[PYTHON]': '[/PYTHON]',
  '[CODE]': '[/CODE]',
  '<answer>': '</answer>',
};
const INSTRUCTION = '[INST]';
const ENDING = [...Object.values(OPENING), '[/INST]'];
const ALL = [...Object.keys(OPENING), INSTRUCTION, ...ENDING];

/** A tag at the beginning of a line; `length`: of it and the white space before it. */
export type CodeTag =
  { kind: 'opens'; closer: string; length: number } | { kind: 'instructs' | 'ends'; length: number };

/** @returns `partly` where the line, as far as it has come, may become one. */
export function tagAt(line: string): CodeTag | 'partly' | null {
  const text = line.trimStart();
  if (!/^[[<]/.test(text)) return null;
  const tag = ALL.find((one) => text.startsWith(one));
  if (tag === undefined) return ALL.some((one) => one.startsWith(text)) ? 'partly' : null;
  const length = line.length - text.length + tag.length;
  const closer = OPENING[tag];
  if (closer !== undefined) return { kind: 'opens', closer, length };
  return { kind: tag === INSTRUCTION ? 'instructs' : 'ends', length };
}

/** How much at the end of the text may be the beginning of the tag, characters. */
export function lengthOfTagBegun(text: string, tag: string | null): number {
  if (tag === null) return 0;
  const at = text.lastIndexOf(tag.charAt(0));
  return at !== -1 && tag.startsWith(text.slice(at)) ? text.length - at : 0;
}

/** Code between tags in the middle of a sentence. */
export function codeBetweenTags(line: string): string | null {
  return /\[(PYTHON|CODE)\](.+?)\[\/\1\]/.exec(line)?.[2]?.trim() ?? null;
}
