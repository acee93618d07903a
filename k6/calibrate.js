// How many words make a prompt of so many tokens: asked of the engine, since each tokenizer and each chat template counts in
// its own way.
import http from 'k6/http';
import { CHAT, chatOf, HEADERS, PROMPTS } from './settings.js';

const FEW = 50;
const MANY = 1_000;

/**
 * Of two prompts the engine says how many tokens they have; a straight line leads to every other length.
 * @returns the number of words for each length of PROMPTS
 * @throws Error when a prompt is not answered
 */
export function wordsOfPrompts() {
  const few = tokensOf(FEW);
  const tokensAWord = (tokensOf(MANY) - few) / (MANY - FEW);
  return Object.fromEntries(
    Object.entries(PROMPTS).map(([name, tokens]) => [
      name,
      Math.max(1, Math.round(FEW + (tokens - few) / tokensAWord)),
    ]),
  );
}

function tokensOf(words) {
  const body = chatOf(words, 100_000 + words, { stream: false, max_tokens: 1 });
  const answer = http.post(CHAT, body, { headers: HEADERS, timeout: '280s' });
  if (answer.status !== 200) throw new Error(`${CHAT} answers ${answer.status}: ${String(answer.body).slice(0, 200)}`);
  return answer.json('usage.prompt_tokens');
}
