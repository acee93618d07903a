// What both scripts are told with -e, and the request they make of it.
import { prompt } from './prompts.js';

export const {
  URL = 'http://127.0.0.1:8080',
  KEY,
  SCENARIO = 'ramp',
  DURATION,
  MODEL = 'default',
  MAX_TOKENS = '128',
} = __ENV;

export const CHAT = `${URL}/v1/chat/completions`;
export const HEADERS = { 'content-type': 'application/json', authorization: `Bearer ${KEY}` };

/** A streamed chat with a prompt of about so many tokens. @param more fields of the body */
export function chatOf(promptTokens, seed, more = {}) {
  const messages = [{ role: 'user', content: prompt(promptTokens, seed) }];
  return JSON.stringify({ model: MODEL, stream: true, max_tokens: Number(MAX_TOKENS), messages, ...more });
}
