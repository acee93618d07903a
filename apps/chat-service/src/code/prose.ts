/** Which lines of an answer are the model talking about its code instead of the code. */

import { FENCE, FENCE_SO_FAR } from './fences';

/** A line that is still undecided after so many characters is taken for code: it is not held any longer. */
const LONGEST_PROSE_CHARS = 240;

/** What models begin with before the code, and what nobody begins a line of code with. Lower case. */
const OPENERS = [
  'here is',
  "here's",
  'here’s',
  'here are',
  'here you go',
  'sure',
  'certainly',
  'of course',
  'absolutely',
  'okay',
  'ok,',
  'below is',
  'the following',
  'the answer',
  'the code',
  'the line',
  'to fix',
  'to print',
  'use the',
  'use this',
  'just use',
  'simply',
  'try this',
  'you should',
  'this code',
  'this function',
  'great question',
  "i've",
  'i have',
  "i'll",
  'you can',
  'the corrected',
  'the fixed',
  'the completed',
  'corrected code',
  'fixed code',
  'to solve',
  'to determine',
  'to achieve',
  'to implement',
  'to create',
  'to find',
  'to write',
  'to complete',
  'to do this',
  'in order to',
  'we need',
  'we can',
  'we will',
  "let's",
  'let’s',
  'let me',
  'the approach',
  'the function',
  'the solution',
  'the problem',
  'the task',
  'the error',
  'the issue',
  'the bug',
  'this problem',
  'this approach',
  'this task',
  'i need',
  'i can',
  'it looks like',
  'it seems',
  'there is',
  'there are',
  'your code',
  'based on',
  'alright',
  'got it',
] as const;

/** Markdown that no language begins a line of code with: a heading, bold words, a step with a number. */
const MARKDOWN = /^(?:#{2,6} |\*\*[^*=;]+\*\*|\d{1,2}[.)] +[\p{Lu}\p{Script=Hangul}*`])/u;
const MARKDOWN_SO_FAR = /^(?:#{1,6}|\*|\*\*[^*=;]*\*?|\d{1,2}|\d{1,2}[.)] *)$/;
/** Where something was said already: a point of a list (YAML has a colon behind its first word), a line across. */
const POINT = /^(?:[-*•] +(?:\*\*|`|[A-Z][a-z'’]* [a-z]|[가-힣])|-{3,}\s*$|\*{3,}\s*$)/;
const POINT_SO_FAR = /^(?:[-*•] *(?:\*|[A-Z][a-z'’]* ?)?|-{1,3}|\*{1,3})$/;
/** `The sum of a and b (in cents) is written to \`total\`. It takes:` */
const SENTENCES = /^[A-Z][a-z'’]*,? [a-z`(].* .*[.:!?]\s*$/;
const SENTENCES_SO_FAR = /^[A-Z][a-z'’]*(?:,? ?|,? [a-z`(].*)$/;

/** What an explanation after the code begins with. Lower case. */
const EXPLANATIONS = [
  'this code',
  'this function',
  'this will',
  'this program',
  'this script',
  'this prints',
  'this is',
  'this line',
  'this fix',
  'this version',
  'the code above',
  'the above',
  'the function',
  'in this',
  'explanation',
  '**explanation',
  '### explanation',
  'note:',
  'note that',
  '**note',
  'you can',
  'when you run',
  'when run',
  'output:',
  'example usage',
  'let me know',
  'i hope',
  'hope this',
  '위 코드',
  '이 코드',
  '이 함수',
  '위의 코드',
  '설명',
  '참고',
] as const;

/** Where the line may go on as code: a call, an assignment, an index, a member, an operator. */
const GOES_ON_AS_CODE = /^\s*(?:[([{=<>+*/%&|;@]|\.\w|::|:=|:\s*\w+\s*=|-[>=])/;
const HANGUL = /[\u1100-\u11ff\u3130-\u318f\uac00-\ud7a3]/;
/** Words and what stands between them in a sentence, from a capital letter on: `The sum of a and b, as asked:`. */
const SENTENCE = /^[A-Z][A-Za-z'’]*,?(?: [A-Za-z'’`-]+,?)+[ .:!?]*$/;
const SENTENCE_SO_FAR = /^[A-Z][A-Za-z'’]*,?(?: [A-Za-z'’`-]*,?)*[ .:!?]*$/;
const SENTENCE_END = /[.:!?…。:]\s*$/;
const KOREAN_END = /(?:[.:!?…。:]|다|요|죠|음|함)\s*$/;

/** What a line is, as far as it has come. */
export type LineVerdict = 'code' | 'prose' | 'undecided';

/**
 * The line with which an answer begins.
 * @param line without its end; `whole` when the end has come.
 * @param spoken something was said before it.
 */
export function judgeFirstLine(line: string, whole: boolean, spoken = false): LineVerdict {
  const text = line.trimStart();
  if (text === '') return 'undecided';
  if (MARKDOWN.test(text) || (spoken && POINT.test(text))) return 'prose';
  if (!whole && (MARKDOWN_SO_FAR.test(text) || (spoken && POINT_SO_FAR.test(text)))) return 'undecided';
  const opener = matchStart(text, OPENERS);
  if (opener === 'partly') return whole ? 'code' : 'undecided';
  if (opener !== null) return afterOpener(text.slice(opener.phrase.length), whole);
  if (text.length > LONGEST_PROSE_CHARS) return 'code';
  if (HANGUL.test(text.charAt(0))) return judgeKorean(text, whole);
  if (!whole) return SENTENCE_SO_FAR.test(text) || SENTENCES_SO_FAR.test(text) ? 'undecided' : 'code';
  const introduces = SENTENCE.test(text) && text.trimEnd().endsWith(':');
  return introduces || SENTENCES.test(text) ? 'prose' : 'code';
}

/** A heading, or a comment in many languages. */
export function isHeading(line: string): boolean {
  return line.startsWith('# ');
}

/**
 * `# Solution` is talk where an empty line and more of it follow, or a fence; else it is a comment of the code.
 * @param rest what follows the line, as far as it has come; `last`: nothing more comes.
 */
export function judgeHeading(rest: string, whole: boolean, last: boolean): LineVerdict {
  if (!whole || (rest === '' && !last)) return 'undecided';
  const behind = /^(?:[ \t]*\r?\n)+/.exec(rest);
  if (behind === null) return !last && /^[ \t\r]*$/.test(rest) ? 'undecided' : 'code';
  const [next = '', ...more] = rest.slice(behind[0].length).split('\n');
  if (FENCE.test(next)) return 'prose';
  if (!last && more.length === 0 && FENCE_SO_FAR.test(next)) return 'undecided';
  if (next === '') return last ? 'code' : 'undecided';
  return judgeFirstLine(next, last || more.length > 0, true);
}

/** A line after an empty one, where code stands without a fence: an explanation, or more code. */
export function judgeLaterLine(line: string, whole: boolean): LineVerdict {
  if (line === '') return whole ? 'code' : 'undecided';
  const opener = matchStart(line, EXPLANATIONS);
  if (opener === null) return 'code';
  if (opener === 'partly') return whole ? 'code' : 'undecided';
  return afterOpener(line.slice(opener.phrase.length), whole);
}

/** `Here is` begins a sentence, `Here is = 1` does not. */
function afterOpener(rest: string, whole: boolean): LineVerdict {
  if (/^\w/.test(rest)) return 'code';
  if (rest.trim() === '') return whole ? 'prose' : 'undecided';
  return GOES_ON_AS_CODE.test(rest) ? 'code' : 'prose';
}

function judgeKorean(text: string, whole: boolean): LineVerdict {
  const word = /^[\p{L}\p{N}_]+/u.exec(text)?.[0] ?? '';
  const rest = text.slice(word.length);
  if (rest !== '' && GOES_ON_AS_CODE.test(rest)) return 'code';
  if (!whole) return 'undecided';
  return KOREAN_END.test(text) || SENTENCE_END.test(text) ? 'prose' : 'code';
}

/** The phrase that the text begins with, or the sign that it may become one of them. */
function matchStart(text: string, phrases: readonly string[]): { phrase: string } | 'partly' | null {
  const lower = text.toLowerCase();
  const phrase = phrases.find((one) => lower.startsWith(one));
  if (phrase !== undefined) return { phrase };
  return phrases.some((one) => one.startsWith(lower)) ? 'partly' : null;
}
