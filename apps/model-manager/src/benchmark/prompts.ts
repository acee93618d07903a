/** What a benchmark asks. */

/** Short common words: one token each, space included, in the vocabularies of all shipped models. */
const WORDS =
  'time year people way day man thing woman life child world school state family student group country problem hand part place case week company system program question work government number night point home water room mother area money story fact month lot right study book eye job word business issue side kind head house service friend father power hour game line end member law car city community name president team minute idea body information back parent face others level office door health person art war history party result change morning reason research girl guy moment air teacher force education'.split(
    ' ',
  );
/** Tokens of the chat template and of the sentence that asks. */
const AROUND = 30;

/** How many words make a prompt of so many tokens. */
export function wordsFor(tokens: number, tokensPerWord: number): number {
  return Math.max(1, Math.round((tokens - AROUND) / tokensPerWord));
}

/** What a prompt of so many words says of the tokenizer: about 1 for a real one. */
export function tokensPerWord(words: number, promptTokens: number): number {
  return Math.max(0.1, (promptTokens - AROUND) / words);
}

/**
 * A prompt of so many words. No two of a run begin alike: a prefix that is in the cache would be measured as a fast
 * prefill. `random` gives 0 to 1.
 */
export function promptOf(words: number, random: () => number): string {
  const text = Array.from({ length: words }, () => WORDS[Math.floor(random() * WORDS.length)] ?? '');
  return `${text.join(' ')}\n\nWrite a long story with these words.`;
}

/** Answers to these are scored. Plain tasks in two languages, code among them, that every shipped model can do. */
export const QUESTIONS = [
  'Explain to a new colleague in a short paragraph what a cache is and when it hurts.',
  'Write a Python function that checks whether a text reads the same backwards, and say how it works.',
  'A train leaves at 9:40 and arrives at 13:05. How long is the journey? Explain each step.',
  '메모리가 부족할 때 서버 운영자가 먼저 확인해야 할 것을 한 문단으로 설명해 주세요.',
] as const;
