// How long a client waits because the model is changed: one asks all the time, others stream, and the model is switched
// to and fro. Usage: npm run bench:switch -- [--write FILE] [--switches N]
import { parseArgs } from 'node:util';
import { measuredOn, writeBetween } from './lib/document.mjs';
import { Cleanups, Trouble, runMain } from './lib/processes.mjs';
import { startSimulated } from './lib/tandem.mjs';

/** What the simulated engine takes for its load, beside the start of its own process, which is counted as ours. */
const LOAD_SECONDS = 5;
const BAR_SECONDS = 2;
/** Both need both cards, so one has to go before the other comes. */
const PROFILES = ['qwen3-14b-awq', 'r1-distill-qwen-14b'];
const ASK_EVERY_MS = 50;
const LONG_STREAMS = 10;
const AFTER_MS = 1_000;

const cleanups = new Cleanups();

await runMain(main, cleanups);

async function main() {
  const { values } = parseArgs({
    options: { write: { type: 'string' }, switches: { type: 'string', default: '6' } },
  });
  const tandem = await startSimulated(cleanups, {
    VLLM_SIM_LOAD_SECONDS: String(LOAD_SECONDS),
    VLLM_SIM_TOKENS_PER_SECOND: '100',
    BENCHMARK_AFTER_CHANGE: 'false',
  });
  const rows = [];
  for (let index = 0; index < Number(values.switches); index += 1) {
    rows.push(await measure(tandem, PROFILES[index % PROFILES.length]));
    console.log(line(rows.at(-1)));
  }
  const table = [
    '| to | how | longest time without an answer, s | of it beyond the load, s | bar | | requests meanwhile | not answered |',
    '|---|---|---|---|---|---|---|---|',
    ...rows.map(line),
  ].join('\n');
  const text = `${await measuredOn()}\n\n${table}`;
  console.log(text);
  if (values.write !== undefined) await writeBetween(values.write, 'switch', text);
}

function line({ profile, mode, gapMs, requests, failed }) {
  const beyond = gapMs / 1_000 - LOAD_SECONDS;
  const figures = [(gapMs / 1_000).toFixed(2), beyond.toFixed(2), `≤ ${BAR_SECONDS}`, verdict(beyond)];
  return `| ${profile} | ${mode} | ${figures.join(' | ')} | ${requests} | ${failed} |`;
}

function verdict(beyond) {
  return beyond <= BAR_SECONDS ? 'pass' : '**miss**';
}

/** One switch, from a second before it until a second after it. */
async function measure(tandem, profile) {
  const answeredAt = [];
  const asked = [];
  let asking = true;
  const ask = async (tokens) => {
    const ok = await answer(tandem, tokens);
    answeredAt.push(performance.now());
    return ok;
  };
  for (let index = 0; index < LONG_STREAMS; index += 1) asked.push(ask(100));
  const client = (async () => {
    while (asking) {
      asked.push(ask(1));
      await pause(ASK_EVERY_MS);
    }
  })();
  await pause(AFTER_MS);
  const { switchId } = await api(tandem, 'POST', 'models/switch', { profile });
  let over;
  do {
    await pause(100);
    over = await api(tandem, 'GET', `models/switches/${switchId}`);
  } while (over.outcome === null);
  if (over.outcome !== 'ready') throw new Trouble(`the switch to ${profile} ended as ${JSON.stringify(over)}`);
  await pause(AFTER_MS);
  asking = false;
  await client;
  const results = await Promise.all(asked);
  answeredAt.sort((one, other) => one - other);
  const gapMs = Math.max(...answeredAt.slice(1).map((at, index) => at - answeredAt[index]));
  return {
    profile,
    mode: over.mode,
    gapMs,
    requests: results.length,
    failed: results.filter((ok) => !ok).length,
  };
}

/** Whether a stream came to its end. */
async function answer({ url, key }, tokens) {
  const response = await fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` },
    body: JSON.stringify({
      model: 'default',
      stream: true,
      max_tokens: tokens,
      messages: [{ role: 'user', content: 'Hello' }],
    }),
  });
  const text = await response.text();
  return response.ok && text.trimEnd().endsWith('data: [DONE]') && !text.includes('"error"');
}

async function api({ url, key }, method, path, body) {
  const response = await fetch(`${url}/api/${path}`, {
    method,
    headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (!response.ok) throw new Trouble(`${path} answered ${response.status}: ${await response.text()}`);
  return response.json();
}

function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
