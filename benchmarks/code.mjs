// `npm run bench:code`: what an editor sees of the code assistant, through a whole Tandem, and what taking the code out costs.
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { measuredOn, writeBetween } from './lib/document.mjs';
import { ROOT } from './lib/paths.mjs';
import { Cleanups } from './lib/processes.mjs';
import { startTandem } from './lib/tandem.mjs';

const TOKENS = 200;
const REQUESTS = 10;
const MODEL = 'Qwen/Qwen2.5-Coder-7B-Instruct';

const require = createRequire(import.meta.url);
const built = join(ROOT, 'dist/apps/chat-service/src/code');
const { OutputCleaner } = require(join(built, 'output-cleaner.js'));
const { ChunkBuffer } = require(join(built, 'chunk-buffer.js'));

const { values } = parseArgs({ options: { write: { type: 'string' } } });

/** Source code in pieces as tokenizers make them: a word with the space before it, or a sign. */
const SOURCE = readFileSync(join(ROOT, 'apps/chat-service/src/engines/http/response-reader.ts'), 'utf8');
const PIECES = SOURCE.match(/\n\s*|\s?[A-Za-z_]{1,8}|\s?\d{1,3}|\s?[^\sA-Za-z_\d]{1,2}|\s/g).filter(
  (one) => !one.includes('`'),
);

const cleanups = new Cleanups();
try {
  const engine = await startEngine();
  const tandem = await startTandem(cleanups, engine);
  const base = tandem.target.url.replace(/\/v1\/chat\/completions$/, '');
  await ask(base, tandem.target.headers); // warm
  const rows = [];
  for (const [what, perSecond] of [
    ['50 tokens a second', 50],
    ['as fast as it goes', Infinity],
  ]) {
    engine.pace(perSecond);
    const heard = [];
    for (let i = 0; i < REQUESTS; i++) heard.push(await ask(base, tandem.target.headers));
    rows.push(...judge(what, perSecond, heard));
  }
  rows.push(...cpuRows());
  const table = ['| | | bar | |', '| --- | --- | --- | --- |', ...rows].join('\n');
  console.log(`\n${table}`);
  if (values.write !== undefined) await writeBetween(values.write, 'code', `${await measuredOn()}\n\n${table}`);
} finally {
  await cleanups.run();
}

/** An engine that writes source code at a pace; a model whose every character is code (fill-in-the-middle). */
async function startEngine() {
  let gapMs = 0;
  const server = createServer((request, response) => {
    request.resume();
    if (request.method !== 'POST') {
      const model = { id: MODEL, object: 'model', created: 1, owned_by: 'bench', max_model_len: 16_384 };
      response.end(request.url === '/v1/models' ? JSON.stringify({ object: 'list', data: [model] }) : '');
      return;
    }
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    const events = PIECES.slice(0, TOKENS).map((text) => event([{ index: 0, text, finish_reason: null }]));
    const usage = { prompt_tokens: 20, completion_tokens: TOKENS, total_tokens: 20 + TOKENS };
    const end = `${event([{ index: 0, text: '', finish_reason: 'length' }])}${event([], usage)}data: [DONE]\n\n`;
    if (gapMs === 0) {
      for (const one of events) response.write(one);
      response.end(end);
      return;
    }
    const startedAt = performance.now();
    let sent = 0;
    const timer = setInterval(() => {
      // By the clock, as an engine steps, not by how late a timer is.
      while (sent < TOKENS && performance.now() - startedAt >= sent * gapMs) response.write(events[sent++]);
      if (sent < TOKENS) return;
      clearInterval(timer);
      response.end(end);
    }, 5);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanups.add(async () => {
    server.closeAllConnections();
    server.close();
  });
  return { address: `127.0.0.1:${server.address().port}`, pace: (perSecond) => (gapMs = 1_000 / perSecond) };
}

function event(choices, usage) {
  return `data: ${JSON.stringify({ id: 'x', object: 'text_completion', created: 1, model: MODEL, choices, usage })}\n\n`;
}

/** One completion: when each chunk came, milliseconds after the request. */
async function ask(base, headers) {
  const startedAt = performance.now();
  const response = await fetch(`${base}/api/v1/code/generate/stream`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ modelType: 'autocomplete', prefix: 'class Reader {\n', suffix: '\n}\n' }),
  });
  if (!response.ok) throw new Error(`${response.status}: ${await response.text()}`);
  const times = [];
  let text = '';
  let rest = '';
  const decoder = new TextDecoder();
  for await (const bytes of response.body) {
    const events = (rest + decoder.decode(bytes, { stream: true })).split('\n\n');
    rest = events.pop();
    for (const one of events) {
      const content = one.startsWith('data: {') ? JSON.parse(one.slice(6)).choices[0]?.delta?.content : undefined;
      if (content === undefined) continue;
      times.push(performance.now() - startedAt);
      text += content;
    }
  }
  if (text !== PIECES.slice(0, TOKENS).join('')) throw new Error('the code is not what the engine wrote');
  return { times, lastMs: performance.now() - startedAt };
}

function judge(what, perSecond, heard) {
  const chunks = heard.map(({ times }) => times.length);
  const first = Math.max(...heard.map(({ times }) => times[0]));
  const row = (label, shown, bar, holds) =>
    `| ${what}: ${label} | ${shown} | ${bar} | ${holds ? 'pass' : '**miss**'} |`;
  const range = (numbers, digits = 0) =>
    `${Math.min(...numbers).toFixed(digits)} to ${Math.max(...numbers).toFixed(digits)}`;
  const common = row('first chunk, slowest', `${first.toFixed(1)} ms`, '< 1 s', first < 1_000);
  if (perSecond === Infinity) {
    const fewer = chunks.map((count) => 100 * (1 - count / TOKENS));
    return [
      common,
      row(
        'fewer chunks than tokens',
        `${range(fewer)} %`,
        'about 70 %',
        Math.min(...fewer) >= 60 && Math.max(...fewer) <= 80,
      ),
    ];
  }
  const seconds = heard.map(({ lastMs }) => lastMs / 1_000);
  const slowest = Math.min(...heard.flatMap(({ times }) => perWholeSecond(times)));
  return [
    common,
    row(
      `chunks of ${TOKENS} tokens`,
      range(chunks),
      '50 to 100',
      Math.min(...chunks) >= 50 && Math.max(...chunks) <= 100,
    ),
    row(
      'the whole of it',
      `${range(seconds, 2)} s`,
      '3 to 5 s',
      Math.min(...seconds) >= 3 && Math.max(...seconds) <= 5,
    ),
    row('chunks in the poorest second', String(slowest), '>= 10', slowest >= 10),
  ];
}

/** Chunks in each whole second of a stream. */
function perWholeSecond(times) {
  const [from] = times;
  const whole = Math.floor((times.at(-1) - from) / 1_000);
  return Array.from(
    { length: whole },
    (_, second) => times.filter((at) => at >= from + second * 1_000 && at < from + (second + 1) * 1_000).length,
  );
}

function cpuRows() {
  const fenced = [
    'Here is',
    ' the',
    ' code',
    ':\n',
    '```',
    'ts',
    '\n',
    ...PIECES.slice(0, 2_000),
    '\n```',
    '\nThis',
    ' is it.',
  ];
  const bytes = Buffer.byteLength(fenced.join(''));
  const cpuUs = (rounds) => {
    const begin = process.cpuUsage();
    for (let i = 0; i < rounds; i++) {
      const cleaner = new OutputCleaner();
      const buffer = new ChunkBuffer({ minChars: 12, maxDelayMs: 50 });
      for (const piece of fenced) buffer.push(cleaner.push(piece), i);
      buffer.push(cleaner.end(), i);
      buffer.flush();
    }
    const { user, system } = process.cpuUsage(begin);
    return (user + system) / rounds;
  };
  cpuUs(100);
  const us = cpuUs(300);
  return [
    `| CPU of taking the code out and joining chunks | ${(us / fenced.length).toFixed(2)} µs a token, ${((us / bytes) * 1_024).toFixed(0)} µs a KiB | | |`,
  ];
}
