// What both scripts are told with -e, the lengths of their prompts, and the request they make of it.
import { prompt } from './prompts.js';

export const {
  URL = 'http://127.0.0.1:8080',
  KEY,
  SCENARIO = 'ramp',
  DURATION,
  MODEL = 'default',
  MAX_TOKENS = '128',
} = __ENV;

/** Tokens of a prompt, its chat template included, by the name of its length. */
export const PROMPTS = { 128: 128, '2k': 2_048 };

export const CHAT = `${URL}/v1/chat/completions`;
export const HEADERS = { 'content-type': 'application/json', authorization: `Bearer ${KEY}` };

/** A streamed chat. @param words of its prompt (calibrate.js) @param seed another prompt for each @param more fields of the body */
export function chatOf(words, seed, more = {}) {
  const messages = [{ role: 'user', content: prompt(words, seed) }];
  return JSON.stringify({ model: MODEL, stream: true, max_tokens: Number(MAX_TOKENS), messages, ...more });
}
