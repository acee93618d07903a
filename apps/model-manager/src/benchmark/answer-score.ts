/**
 * How an answer reads, without knowing what it should say: a quantization gone wrong, a missing chat template or a stop
 * token that is not one show as loops, as garbage or as nothing. Pure.
 */
import type { AnswerScore } from '#contracts/benchmarks';

export interface Answer {
  text: string;
  outputTokens: number;
}

export interface TextScore {
  words: number;
  repetition: number;
  readability: number;
  cleanText: number;
}

/** Sequences of four words: phrases of three repeat in sound prose, sentences of four rarely do. */
const SEQUENCE = 4;
/** Half of an answer said before is a loop; sound answers of 250 words were far below a tenth. */
const MOST_REPETITION = 0.5;
const LEAST_CLEAN_TEXT = 0.9;
/** Of English on average; used where syllables cannot be counted by vowels. */
const SYLLABLES_A_WORD = 1.5;

export function scoreText(text: string): TextScore {
  const words = wordsOf(text);
  return {
    words: words.length,
    repetition: round(repetitionOf(words)),
    readability: round(readabilityOf(text, words)),
    cleanText: round(cleanPart(text)),
  };
}

/** Means over the answers; null without any. */
export function scoreAnswers(answers: readonly Answer[]): AnswerScore | null {
  if (answers.length === 0) return null;
  const scores = answers.map(({ text }) => scoreText(text));
  return {
    answers: answers.length,
    words: round(mean(scores.map(({ words }) => words))),
    outputTokens: round(mean(answers.map(({ outputTokens }) => outputTokens))),
    repetition: round(mean(scores.map(({ repetition }) => repetition))),
    readability: round(mean(scores.map(({ readability }) => readability))),
    cleanText: round(mean(scores.map(({ cleanText }) => cleanText))),
    suspicious: scores.filter(isSuspicious).length,
  };
}

function isSuspicious({ words, repetition, cleanText }: TextScore): boolean {
  return words === 0 || repetition > MOST_REPETITION || cleanText < LEAST_CLEAN_TEXT;
}

function wordsOf(text: string): string[] {
  return text.toLowerCase().match(/[\p{L}\p{N}][\p{L}\p{N}\p{M}'’]*/gu) ?? [];
}

function repetitionOf(words: readonly string[]): number {
  const all = words.length - SEQUENCE + 1;
  if (all < 1) return 0;
  const seen = new Set<string>();
  for (let at = 0; at < all; at += 1) seen.add(words.slice(at, at + SEQUENCE).join(' '));
  return 1 - seen.size / all;
}

/** Flesch, R. (1948), "A new readability yardstick": 206.835 - 1.015 words a sentence - 84.6 syllables a word; here 0 to 100. */
function readabilityOf(text: string, words: readonly string[]): number {
  if (words.length === 0) return 0;
  const sentences = Math.max(
    1,
    text.split(/[.!?。！？]+(?=\s|$)|\n{2,}/u).filter((part) => /[\p{L}\p{N}]/u.test(part)).length,
  );
  const latin = words.filter((word) => /^[a-zà-öø-ÿ'’]+$/u.test(word));
  const syllables = latin.length * 2 > words.length ? mean(latin.map(syllablesOf)) : SYLLABLES_A_WORD;
  return Math.min(100, Math.max(0, 206.835 - 1.015 * (words.length / sentences) - 84.6 * syllables));
}

/** Groups of vowels, a silent e at the end left out. */
function syllablesOf(word: string): number {
  const groups = word.replace(/(?<=[^aeiouy])e$/u, '').match(/[aeiouyà-öø-ÿ]+/gu);
  return Math.max(1, groups?.length ?? 0);
}

/** Characters of text, against control characters, unassigned ones and U+FFFD, which stands for bytes that are no text. */
function cleanPart(text: string): number {
  const characters = Array.from(text);
  if (characters.length === 0) return 1;
  const clean = characters.filter(
    (one) => one !== '\uFFFD' && /[\p{L}\p{M}\p{N}\p{P}\p{S}\p{Z}\p{Cf}\t\n\r]/u.test(one),
  );
  return clean.length / characters.length;
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
const round = (value: number): number => Math.round(value * 1_000) / 1_000;
