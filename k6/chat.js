// Chats as an SDK has them, streamed: time to the first token, time between tokens, requests a minute, errors.
// Needs the k6 of tools/k6 (scripts/benchmark.sh builds it). Settings: -e URL, -e KEY, -e SCENARIO, -e DURATION, -e MODEL.
import exec from 'k6/execution';
import { Counter, Rate, Trend } from 'k6/metrics';
import sse from 'k6/x/sse';
import { wordsOfPrompts } from './calibrate.js';
import { scenariosOf } from './scenarios.js';
import { chatOf, CHAT, DURATION, HEADERS, PROMPTS, SCENARIO } from './settings.js';

const TIMEOUT_MS = 600_000;
/** Of product.md: half of the answers begin within 1.5 s at 2k; 30 requests a minute of five; 5xx < 1 %; 99.5 % available. */
const KPI = { ttftMs: 1_500, requestsAMinute: 30, failures5xx: 0.01, available: 0.995 };

const ttft = new Trend('ttft', true);
const itl = new Trend('itl', true);
const latency = new Trend('latency', true);
const promptTokens = new Trend('prompt_tokens');
const tokens = new Counter('output_tokens');
const requests = new Counter('requests');
const serverErrors = new Rate('server_errors');
const available = new Rate('available');

const { scenarios, secondsOf } = scenariosOf(SCENARIO, DURATION);
const stages = Object.keys(secondsOf);
const shown = Object.fromEntries(
  stages.flatMap((users) => [
    // A threshold that always holds makes k6 keep the figures of a tag.
    [`requests{users:${users}}`, ['count>=0']],
    [`output_tokens{users:${users}}`, ['count>=0']],
    [`available{users:${users}}`, ['rate>=0']],
    ...['ttft', 'itl', 'latency'].map((name) => [`${name}{users:${users}}`, ['max>=0']]),
    ...Object.keys(PROMPTS).map((name) => [`ttft{users:${users},prompt:${name}}`, ['max>=0']]),
  ]),
);

export const options = {
  scenarios,
  // An engine may still load.
  setupTimeout: '600s',
  summaryTrendStats: ['count', 'min', 'med', 'avg', 'p(95)', 'p(99)', 'max'],
  thresholds: {
    ...shown,
    'prompt_tokens{prompt:128}': ['max>=0'],
    'ttft{prompt:128}': ['max>=0'],
    'ttft{prompt:2k}': [`med<${KPI.ttftMs}`],
    server_errors: [`rate<${KPI.failures5xx}`],
    available: [`rate>${KPI.available}`],
    'prompt_tokens{prompt:2k}': ['max>=0'],
    // k6 divides a counter by the whole run: the count is what five users must reach in their time.
    ...(secondsOf[5] === undefined
      ? {}
      : { 'requests{users:5}': [`count>=${Math.floor((KPI.requestsAMinute * secondsOf[5]) / 60)}`] }),
  },
};

export function setup() {
  return wordsOfPrompts();
}

export default function (words) {
  const { idInTest } = exec.vu;
  const length = (idInTest + exec.vu.iterationInInstance) % 2 === 0 ? '128' : '2k';
  const seed = idInTest * 100_000 + exec.vu.iterationInInstance;
  const body = chatOf(words[length], seed, { stream_options: { include_usage: true } });
  record(sse.post(CHAT, body, HEADERS, TIMEOUT_MS), { prompt: length });
}

function record(answer, tags) {
  requests.add(1, tags);
  const events = (answer.data ?? []).map((text) => JSON.parse(text));
  // A limit of the caller's own (429) is no failure of the service; an end without [DONE], or with an error, is one.
  const whole = answer.error === '' && answer.done && !events.some(({ error }) => error);
  const served = answer.status === 200 ? whole : answer.status >= 400 && answer.status < 500;
  serverErrors.add(answer.status >= 500 || (answer.status === 200 && !whole), tags);
  available.add(served, tags);
  if (!served) console.error(`status ${answer.status}: ${answer.error || answer.body.slice(0, 200) || 'cut'}`);
  if (answer.status !== 200 || !whole) return;
  const at = answer.atMs.filter((_, index) => isText(events[index]));
  const usage = events.map((event) => event.usage).find((one) => one);
  if (usage) {
    tokens.add(usage.completion_tokens, tags);
    promptTokens.add(usage.prompt_tokens, tags);
  }
  latency.add(answer.totalMs, tags);
  at.forEach((ms, index) => (index === 0 ? ttft.add(ms, tags) : itl.add(ms - at[index - 1], tags)));
}

/** Reasoning is what its reader sees first of a reasoning model. */
function isText({ choices }) {
  const { content, reasoning, reasoning_content } = choices?.[0]?.delta ?? {};
  return Boolean(content || reasoning || reasoning_content);
}

export function handleSummary(data) {
  const metrics = Object.fromEntries(
    Object.entries(data.metrics).map(([name, { values, thresholds }]) => [name, { values, thresholds }]),
  );
  return {
    [__ENV.SUMMARY || 'summary.json']: JSON.stringify({
      scenario: SCENARIO,
      kpi: KPI,
      stages,
      stageSeconds: secondsOf,
      metrics,
    }),
  };
}
