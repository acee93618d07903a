// For a k6 without the module: http waits for the whole answer and knows when its HEADERS came (`http_req_waiting`). That is
// not the time to the first token: Tandem sends headers with the first token of an answer, others do not. Use chat.js.
import http from 'k6/http';
import { check } from 'k6';
import { prompt } from './prompts.js';
import { scenariosOf } from './scenarios.js';

const {
  URL = 'http://127.0.0.1:8080',
  KEY,
  SCENARIO = 'ramp',
  DURATION,
  MODEL = 'default',
  MAX_TOKENS = '128',
} = __ENV;

export const options = {
  scenarios: scenariosOf(SCENARIO, DURATION).scenarios,
  thresholds: { http_req_failed: ['rate<0.01'], checks: ['rate>0.995'] },
};

export default function () {
  const body = {
    model: MODEL,
    stream: true,
    max_tokens: Number(MAX_TOKENS),
    messages: [{ role: 'user', content: prompt(__ITER % 2 === 0 ? 128 : 2_048, __VU * 100_000 + __ITER) }],
  };
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${KEY}` };
  const answer = http.post(`${URL}/v1/chat/completions`, JSON.stringify(body), { headers, timeout: '600s' });
  check(answer, { 'streamed to its end': ({ body: text }) => String(text).includes('data: [DONE]') });
}
