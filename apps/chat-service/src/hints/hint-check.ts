import { tokensOf, segmentsOf, type Segment } from './segments';
import { codeReading } from './spoken-code';

/** What a hint gives away, by which it is refused. */
export type Refusal =
  | 'empty'
  | 'too_long'
  | 'announced'
  | 'encoded'
  /** More lines of code than the level allows, fenced or not. */
  | 'code_lines'
  /** The body of a function. */
  | 'function_body'
  /** What a function shall hand back. */
  | 'result';

export interface CheckOptions {
  /** The student's own code: what stands in it may be quoted. */
  code: string;
  /** Lines of code that are not the student's. */
  newCodeLines: number;
  maxChars: number;
}

/** Marks that nobody sees, and that would part a word for a search. */
const UNSEEN = /[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]/g;
const ANNOUNCED =
  /\bhere(?:'|’)?\s?(?:i)?s (?:the|a|your|my) (?:(?:full|complete|whole|final|correct|working|corrected|fixed)\s+)?(?:solution|answer|code|program|function)\b|\bthe (?:full|complete|final|correct) (?:solution|answer|code) is\b|정답은|(?:전체|완성된|완전한|올바른|수정된|고친)\s?(?:코드|풀이|함수)는?\s*(?:다음|아래|이렇|:)/iu;
const FENCES = /^.*(?:`{3,}|~{3,}).*$/gm;
/** What a sentence never holds: a text in base 64, or in hexadecimal digits. */
const ENCODED = /[A-Za-z0-9+/_-]{40,}={0,2}|(?:\b[0-9a-f]{2}[\s:]?){24,}/g;

/** A new statement. What is only looked at (`n`, `range(1, n)`) or an example (`n = 0`) is none. */
const STATEMENTS = [
  /\b(?:def|func|fn|fun)\s+\w+\s*\(/,
  /\bfunction\b\s*\*?\s*\w*\s*\(/,
  /\blambda\b[^:\n]{0,100}:\s*\S/,
  /=>\s*[\w({["'`!-]/,
  /\bclass\s+\w+\s*[({:]/,
  /\bfor\s+\w+(?:\s*,\s*\w+)*\s+in\s+[^:\n]+:/,
  /\bfor\s+\w+(?:\s*,\s*\w+)*\s+in\s+\w+\s*\(/,
  /\bfor\s*\([^)\n]*(?:;|\bof\b|\bin\b)/,
  /\b(?:while|if|elif)\s+[^:\n?]*(?:[<>]=?|[=!]==?|%|\bis\b|\bnot\b|\bin\b)[^:\n?]*:(?:\s|$)/,
  /\b(?:while|if)\s*\([^\n]*[<>=!%][^\n]*\)\s*(?:\{|$|\w)/,
  /(?:^|[^=!<>\w.])[A-Za-z_][\w.]*(?:\[[^\]\n]*\])?\s*(?:\*\*|\/\/|>>|<<|[-+*/%|&^])=\s*\S/,
  /\b(?:const|let|var)\s+[\w[{]/,
  /\b(?:print|console\.log|input|yield)\s*\([^)\n]*[^\s)]/,
  /\b\w+\.(?:append|push|pop|add|insert|extend|sort|reverse|join|unshift|splice|set|update)\s*\([^)\n]*\S/,
  /\b\w+(?:\+\+|--)(?=\W|$)|(?:\+\+|--)\w/,
] as const;
/** A value for a variable, and which: what is a bare number, text or empty list is an example as often as not. */
const ASSIGNMENT = /(?:^|[^=!<>\w.])[A-Za-z_][\w.]*(?:\[[^\]\n]*\])?\s*=(?![=>])\s*([^\n;]+)/;
const BARE_VALUE =
  /^(?:-?\d[\d.]*|"[^"\n]*"|'[^'\n]*'|\[\s*\]|\{\s*\}|[A-Za-z]+)\W*(?:\s+[\p{L}'’,.?!]+)*[.?!,;:)\s]*$/u;
const FUNCTION =
  /\b(?:def|func|fn|fun)\s+\w+\s*\(|\bfunction\b\s*\*?\s*\w*\s*\(|\blambda\b[^:\n]{0,100}:\s*\S|=>\s*[\w({["'`!-]/;
/** `return` and what is worked out: an operation, a call, an index. */
const RESULT = /\breturn\s+(?:not\s+)?[\w.'"\])}({[-]+(?:\s*(?:[-+*/%<>^|&?]|[=!]=)\s*|[([]\s*)[\w'"([{-]/;
/** The same with words, which a sentence has as well. */
const RESULT_IN_CODE = /^return\s+(?:not\s|.*\b(?:if|and|or|in|for)\b|`)/;
/** `return`, and nothing else in its line or span. */
const BARE_RETURN = /^return\s+[^\s,.?!][^\s,.?!]*$/;

/**
 * Whether a hint gives the solution away; null: it does not, as far as this can tell. It looks for code in fences, in lines, in
 * sentences and spelled out in words. An idea that is told in plain sentences is not code, and is not found.
 */
export function refusalOf(hint: string, options: CheckOptions): Refusal | null {
  const text = hint.normalize('NFKC').replace(UNSEEN, '');
  if (text.trim() === '') return 'empty';
  if (text.length > options.maxChars) return 'too_long';
  if (ANNOUNCED.test(text)) return 'announced';
  const own = tokensOf(options.code);
  if ((text.match(ENCODED) ?? []).some((token) => !isQuoted(token, own))) return 'encoded';
  const spoken = codeReading(text);
  return (
    refusalOfReading(text, own, options.newCodeLines) ??
    (spoken === null ? null : refusalOfReading(spoken, own, options.newCodeLines)) ??
    refusalOfReading(backwards(text.replace(FENCES, '')), tokensOf(backwards(options.code)), options.newCodeLines)
  );
}

function refusalOfReading(text: string, own: string, most: number): Refusal | null {
  let newLines = 0;
  let inFunction = false;
  for (const segment of segmentsOf(text)) {
    const isFunction = FUNCTION.test(segment.text);
    if (!isNewStatement(segment, own)) {
      inFunction ||= isFunction;
      continue;
    }
    const isResult = RESULT.test(segment.text) || (segment.alone && isResultAlone(segment.text));
    if (inFunction || (isFunction && hasBody(segment.text))) return 'function_body';
    if (isResult) return 'result';
    inFunction ||= isFunction;
    newLines += 1;
    if (newLines > most) return 'code_lines';
  }
  return null;
}

function isNewStatement({ text, fenced, alone }: Segment, own: string): boolean {
  if (isQuoted(text, own)) return false;
  if (fenced || (alone && isResultAlone(text))) return true;
  const found = [...STATEMENTS, RESULT].map((pattern) => pattern.exec(text)).find((match) => match !== null);
  const match = found ?? assignmentIn(text);
  // In a sentence a quotation may go on with words of the hint; what is handed back is looked at to its end.
  return match != null && (!isQuoted(match[0], own) || RESULT.test(text));
}

function isResultAlone(text: string): boolean {
  return BARE_RETURN.test(text) || RESULT_IN_CODE.test(text);
}

/** It stands in the student's code, whatever the layout. */
function isQuoted(text: string, own: string): boolean {
  const tokens = tokensOf(text.replace(/[.,:;?!\s]+$/, ''));
  return tokens.trim() === '' || own.includes(tokens);
}

function backwards(text: string): string {
  return Array.from(text).reverse().join('');
}

function assignmentIn(text: string): RegExpExecArray | null {
  const match = ASSIGNMENT.exec(text);
  return match === null || BARE_VALUE.test(match[1] ?? '') ? null : match;
}

/** The line goes on after the head of the function. */
function hasBody(text: string): boolean {
  return (
    /\b(?:def|func|fn|fun)\s+\w+\s*\([^\n]*?\)[^:\n]*:\s*(?!\.\.\.|pass\b|#)[^\s`'".,]/.test(text) ||
    /\bfunction\b[^{\n]*\{\s*(?!\.\.\.|\/\/|\/\*)[^\s}`]/.test(text) ||
    /\blambda\b[^:\n]{0,100}:\s*[^\s.`]/.test(text) ||
    /=>\s*(?:\{\s*(?!\.\.\.|\/\/|\/\*|\})[^\s}]|[\w("'`![-])/.test(text)
  );
}
