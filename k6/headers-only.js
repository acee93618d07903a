// For a k6 without the module: http waits for the whole answer and knows when its HEADERS came (`http_req_waiting`). That is
// not the time to the first token: Tandem sends headers with the first token of an answer, others do not. Use chat.js.
import http from 'k6/http';
import { check } from 'k6';
import { wordsOfPrompts } from './calibrate.js';
import { scenariosOf } from './scenarios.js';
import { chatOf, CHAT, DURATION, HEADERS, SCENARIO } from './settings.js';

export const options = {
  scenarios: scenariosOf(SCENARIO, DURATION).scenarios,
  setupTimeout: '600s',
  thresholds: { http_req_failed: ['rate<0.01'], checks: ['rate>0.995'] },
};

export function setup() {
  return wordsOfPrompts();
}

export default function (words) {
  const body = chatOf(words[__ITER % 2 === 0 ? '128' : '2k'], __VU * 100_000 + __ITER);
  const answer = http.post(CHAT, body, { headers: HEADERS, timeout: '600s' });
  check(answer, { 'streamed to its end': ({ body: text }) => String(text).includes('data: [DONE]') });
}
