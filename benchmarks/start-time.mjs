// How long a new user waits: from ./start on a clean checkout to the first streamed token, and the same at the second
// start. npm's cache is warm, the checkout is not. Usage: node benchmarks/start-time.mjs [--write FILE]
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { measuredOn, writeBetween } from './lib/document.mjs';
import { ROOT } from './lib/paths.mjs';
import { Cleanups, Trouble, freePort, run, runMain } from './lib/processes.mjs';
import { ownEnvironment } from './lib/tandem.mjs';

const STARTS = [
  { label: 'clean checkout, warm npm cache', barS: 90 },
  { label: 'second start', barS: 10 },
];

const cleanups = new Cleanups();

await runMain(main, cleanups);

async function main() {
  const { values } = parseArgs({ options: { write: { type: 'string' } } });
  const folder = mkdtempSync(join(tmpdir(), 'tandem-start-'));
  cleanups.add(() => rmSync(folder, { recursive: true, force: true }));
  chmodSync(folder, 0o711); // as in a home folder: Postgres, started by root, becomes a user of its own
  const checkout = join(folder, 'tandem');
  await run('git', ['clone', '--quiet', ROOT, checkout]);
  const env = { ...ownEnvironment(), TANDEM_API_KEY: 'sk-tandem-start-time-key' };
  delete env.TANDEM_HOME; // the default, in the checkout
  const port = await freePort();
  const rows = [];
  for (const { label, barS } of STARTS) {
    const seconds = await startToFirstToken(checkout, env, port);
    const verdict = seconds <= barS ? 'pass' : '**miss**';
    rows.push(`| ${label} | ${seconds.toFixed(1)} | ≤ ${barS} | ${verdict} |`);
  }
  const table = ['| `./start` to the first token | seconds | bar | |', '|---|---|---|---|', ...rows].join('\n');
  console.log(`\n${table}`);
  if (values.write !== undefined) await writeBetween(values.write, 'start-time', `${await measuredOn()}\n\n${table}`);
}

/** Seconds from ./start to the first token; everything is stopped again afterwards. */
async function startToFirstToken(checkout, env, port) {
  const stop = cleanups.add(() => run(join(checkout, 'stop'), [], { env }));
  const from = performance.now();
  const words = ['--json', '--port', String(port), '--engine', 'simulator'];
  const output = await run(join(checkout, 'start'), words, { env, inherit: true });
  const { url, model } = JSON.parse(output.trim().split('\n').at(-1));
  const readyMs = performance.now() - from;
  const tokenMs = (await firstTokenAt(url, env.TANDEM_API_KEY, model)) - from;
  console.error(`ready after ${(readyMs / 1_000).toFixed(1)} s, first token after ${(tokenMs / 1_000).toFixed(1)} s`);
  await stop();
  return tokenMs / 1_000;
}

/** When the first token came; reads on to the end, so that nothing is left to drain. */
async function firstTokenAt(url, key, model) {
  const response = await fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` },
    body: JSON.stringify({ model, stream: true, max_tokens: 16, messages: [{ role: 'user', content: 'Hello' }] }),
  });
  if (!response.ok) throw new Trouble(`the first request was answered ${response.status}: ${await response.text()}`);
  let text = '';
  let at = null;
  for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    // The first chunk of a stream has the role and an empty content; a token has a text.
    if (at === null && /"content":"[^"]/.test(text)) at = performance.now();
  }
  if (at !== null) return at;
  throw new Trouble(`the stream ended without a token: ${text.slice(0, 500)}`);
}
