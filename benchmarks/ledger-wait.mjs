// What waiting for the ledger adds to the time to first token: of one running Tandem, half of the requests wait until
// their start is on disk, as all do in production, and half do not. Usage: npm run bench:ledger-wait -- [--write FILE]
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { measuredOn, writeBetween } from './lib/document.mjs';
import { ROOT } from './lib/paths.mjs';
import { Cleanups, Trouble, runMain } from './lib/processes.mjs';
import { startSimulated } from './lib/tandem.mjs';

const PRELOAD = join(ROOT, 'benchmarks', 'lib', 'half-unwaited.cjs');
const { waits } = createRequire(import.meta.url)(PRELOAD);

const ENGINE_TTFT_MS = 20;
const LOADS = [
  { clients: 1, requests: 2_000 },
  { clients: 4, requests: 4_000 },
  { clients: 16, requests: 6_000 },
];
const WARM_UP = 1_000;

const cleanups = new Cleanups();

await runMain(main, cleanups);

async function main() {
  const { values } = parseArgs({ options: { write: { type: 'string' } } });
  const tandem = await startSimulated(cleanups, {
    VLLM_SIM_TTFT_MS: String(ENGINE_TTFT_MS),
    VLLM_SIM_TOKENS_PER_SECOND: '500', // the first step adds its time to that
    NODE_OPTIONS: `--require=${PRELOAD}`,
  });
  await load(tandem, { clients: 8, requests: WARM_UP });
  const lines = [];
  for (const { clients, requests } of LOADS)
    lines.push(line(clients, requests, await load(tandem, { clients, requests })));
  const table = [
    '| requests at a time | waiting for the ledger: p50, ms | p99, ms | not waiting: p50, ms | p99, ms | added at p50, ms | at p99, ms |',
    '|---|---|---|---|---|---|---|',
    ...lines,
  ].join('\n');
  const text = `${await measuredOn()}\n\n${table}`;
  console.log(text);
  if (values.write !== undefined) await writeBetween(values.write, 'ledger-wait', text);
}

function line(clients, requests, times) {
  const [waited, unwaited] = [true, false].map((wanted) =>
    times
      .filter(({ waited }) => waited === wanted)
      .map(({ ms }) => ms)
      .sort((one, other) => one - other),
  );
  const at = (sorted, share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
  const figures = [at(waited, 0.5), at(waited, 0.99), at(unwaited, 0.5), at(unwaited, 0.99)];
  const added = [figures[0] - figures[2], figures[1] - figures[3]];
  return `| ${clients}, ${requests.toLocaleString('en')} in all | ${[...figures, ...added].map((ms) => ms.toFixed(2)).join(' | ')} |`;
}

/** Streams one after the other for each client. @returns the time to first token of each and whether it waited. */
async function load(tandem, { clients, requests }) {
  const times = [];
  let left = requests;
  await Promise.all(
    Array.from({ length: clients }, async () => {
      while (left-- > 0) times.push(await firstToken(tandem));
    }),
  );
  return times;
}

async function firstToken({ url, key, model }) {
  const from = performance.now();
  const answer = await fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` },
    body: JSON.stringify({ model, stream: true, max_tokens: 4, messages: [{ role: 'user', content: 'Hello' }] }),
  });
  if (!answer.ok) throw new Trouble(`the gateway answered ${answer.status}: ${await answer.text()}`);
  let ms = null;
  let text = '';
  for await (const chunk of answer.body.pipeThrough(new TextDecoderStream())) {
    if (ms !== null) continue; // to the end, so that the connection is used again
    text += chunk;
    if (/"content":"[^"]/.test(text)) ms = performance.now() - from;
  }
  if (ms === null) throw new Trouble(`a stream without a token: ${text.slice(0, 500)}`);
  return { ms, waited: waits(answer.headers.get('x-request-id')) };
}
