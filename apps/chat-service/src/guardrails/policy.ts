import { RE2JS, RE2JSException } from 're2js';
import { CodedError } from '#contracts/errors';
import type { GuardList, GuardPolicy } from '#contracts/guardrails';
import type { Detector, Verdict } from './detection';
import { foldWord } from './fold';
import { INJECTION_PATTERNS } from './injection';
import { PatternDetector, type BannedPattern } from './pattern-detector';
import { longestMatch } from './pattern-length';
import { PiiDetector } from './pii-detector';
import { WordDetector, type BannedWord } from './word-detector';

const MAX_WORDS = 50_000;
const MAX_WORD_CHARS = 200;
/** Each is looked for by itself. */
const MAX_PATTERNS = 200;
/** So much of an answer is held back at most until it is known whether a pattern is in it. */
const LONGEST_MATCH = 256;
const MASK = '***';

/** A policy as it works. Null: there is nothing to look for. */
export interface CompiledPolicy {
  input: Detector[];
  output: Detector[];
  repeatSystemPrompt: boolean;
}

/**
 * @param scope as rules are named by.
 * @throws CodedError `invalid_value` that names list and line.
 */
export function compilePolicy(scope: string, { lists, maskPiiInAnswers, injection }: GuardPolicy): CompiledPolicy {
  const words: BannedWord[] = [];
  const patterns: BannedPattern[] = [];
  for (const [at, list] of lists.entries()) {
    for (const { text, line } of linesOf(list)) {
      const where: Where = { param: `lists[${at}].text`, list: list.name, line };
      const verdict = verdictOf(scope, list, line);
      if (list.kind === 'words') words.push({ text: checkedWord(text, where), verdict });
      else patterns.push({ ...checkedPattern(text, where), verdict });
    }
  }
  if (words.length > MAX_WORDS) refuse('lists', `they hold ${words.length} words, and ${MAX_WORDS} is the most`);
  if (patterns.length > MAX_PATTERNS)
    refuse('lists', `they hold ${patterns.length} patterns, and ${MAX_PATTERNS} is the most`);
  const inputWords = some(inDirection(words, 'input'), (list) => new WordDetector(list));
  const common = (direction: 'input' | 'output'): Detector[] => [
    // Ten thousand words take a moment: once, where they are the same for both.
    ...(direction === 'input' || words.every(({ verdict }) => verdict.on === 'both')
      ? inputWords
      : some(inDirection(words, direction), (list) => new WordDetector(list))),
    ...some(inDirection(patterns, direction), (list) => new PatternDetector(list)),
  ];
  return {
    input: [...common('input'), ...(injection.flag ? [injectionDetector()] : [])],
    output: [...common('output'), ...(maskPiiInAnswers ? [new PiiDetector(scope)] : [])],
    repeatSystemPrompt: injection.repeatSystemPrompt,
  };
}

interface Where {
  param: string;
  list: string;
  line: number;
}

function* linesOf({ text }: GuardList): Generator<{ text: string; line: number }> {
  for (const [at, line] of text.split(/\r\n|\n|\r/).entries()) {
    const trimmed = line.trim();
    if (trimmed !== '' && !trimmed.startsWith('#')) yield { text: trimmed, line: at + 1 };
  }
}

function verdictOf(scope: string, { name, kind, action, on }: GuardList, line: number): Verdict {
  return {
    kind: kind === 'words' ? 'word' : 'pattern',
    action,
    rule: `${scope}: ${name}: ${line}`,
    on,
    replacement: MASK,
  };
}

/** Signs are not looked at, so a word of signs would be found everywhere, and `c++` in each `c`. */
function checkedWord(word: string, where: Where): string {
  if (word.length > MAX_WORD_CHARS) refuseLine(where, `longer than ${MAX_WORD_CHARS} characters`);
  if (foldWord(word).symbols.length === 0) refuseLine(where, 'a word without a letter');
  if (/[^\p{L}\p{N}\p{M}\p{Zs}'’._-]/u.test(word))
    refuseLine(where, "a word holds letters, digits, spaces and . - _ '; write a pattern for other signs");
  return word;
}

function checkedPattern(source: string, where: Where): Omit<BannedPattern, 'verdict'> {
  const pattern = compiled(source, where);
  const longest = longestMatch(pattern);
  if (longest === null)
    return refuseLine(where, 'it has no longest match: write {0,100} for *, {1,100} for +, {2,100} for {2,}');
  if (longest > LONGEST_MATCH)
    refuseLine(where, `its longest match has ${longest} characters, and ${LONGEST_MATCH} is the most`);
  if (pattern.matcher('').find()) refuseLine(where, 'it matches the empty text');
  return { pattern, longest };
}

function compiled(source: string, where: Where): RE2JS {
  try {
    return RE2JS.compile(source, RE2JS.CASE_INSENSITIVE | RE2JS.MULTILINE);
  } catch (error) {
    if (error instanceof RE2JSException) return refuseLine(where, error.message);
    throw error;
  }
}

function injectionDetector(): Detector {
  return new PatternDetector(
    INJECTION_PATTERNS.map((source, at) => {
      const pattern = RE2JS.compile(source, RE2JS.CASE_INSENSITIVE);
      const rule = `injection: ${at + 1}`;
      return {
        pattern,
        longest: longestMatch(pattern) ?? LONGEST_MATCH,
        verdict: { kind: 'injection', action: 'flag', rule, on: 'input', replacement: '' },
      };
    }),
  );
}

function inDirection<T extends { verdict: Verdict }>(rules: readonly T[], direction: 'input' | 'output'): T[] {
  return rules.filter(({ verdict }) => verdict.on === 'both' || verdict.on === direction);
}

function some<T, D>(rules: readonly T[], make: (rules: readonly T[]) => D): D[] {
  return rules.length === 0 ? [] : [make(rules)];
}

function refuseLine({ param, list, line }: Where, problem: string): never {
  return refuse(param, `'${list}', line ${line}: ${problem}`);
}

/** @throws CodedError always. */
function refuse(param: string, problem: string): never {
  throw new CodedError('invalid_value', `Invalid value for '${param}': ${problem}.`, { param });
}
