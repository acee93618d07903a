/** What the rules know to look for, the more urgent first: a hint is about one of them. */
export const RULES = [
  'syntax_error',
  'assignment_in_condition',
  'infinite_loop',
  'off_by_one',
  'mutable_default',
  'missing_return',
  'unreachable_code',
  'compare_nan',
  'compare_none',
  'identity_of_value',
  'unused_result',
] as const;
export type Rule = (typeof RULES)[number];

export interface Finding {
  rule: Rule;
  /** From 1. */
  line: number;
}

/** Code beyond this is no exercise, and is not looked at; characters. */
export const MOST_CODE = 100_000;

/** Languages that the rules can read. */
export type RuleLanguage = 'python' | 'javascript' | 'typescript';

const NAMES: Readonly<Record<string, RuleLanguage>> = {
  python: 'python',
  py: 'python',
  python3: 'python',
  파이썬: 'python',
  javascript: 'javascript',
  js: 'javascript',
  node: 'javascript',
  nodejs: 'javascript',
  'node.js': 'javascript',
  jsx: 'javascript',
  자바스크립트: 'javascript',
  typescript: 'typescript',
  ts: 'typescript',
  tsx: 'typescript',
  타입스크립트: 'typescript',
};

/** Null: the rules cannot read it. */
export function ruleLanguage(language: string): RuleLanguage | null {
  return NAMES[language.trim().toLowerCase()] ?? null;
}

/** Posted by the worker once its parsers are loaded: until then it is the machine that is slow, and not the code. */
export const RULES_READY = 'ready';
