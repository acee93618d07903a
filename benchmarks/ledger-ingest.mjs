// How many requests a second the ledger takes, caught up from a full stream: `npm run bench:ledger [-- REQUESTS] [--write FILE]`.
// usage-service, its Postgres and its nats-server run on this machine as in production; each request is two events, so
// far apart that each is a write of its own (a row is inserted, then updated).
import { createRequire } from 'node:module';
import { readFileSync, readdirSync } from 'node:fs';
import { cpus } from 'node:os';
import { setTimeout as wait } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { measuredOn, writeBetween } from './lib/document.mjs';

const require = createRequire(import.meta.url);
const { connect } = require('@nats-io/transport-node');
const { jetstream, jetstreamManager } = require('@nats-io/jetstream');
const { Client } = require('pg');
const { startNats } = require('../dist/libs/testing/src/nats.js');
const { startPostgres } = require('../dist/libs/testing/src/postgres.js');
const { startServiceProcess } = require('../dist/libs/testing/src/service-process.js');
const { V8_MEMORY } = require('../dist/tools/launcher/src/plan.js');
const { ensureUsageStream } = require('../dist/libs/common/src/usage-stream.js');
const { UsageSubjects } = require('../dist/libs/contracts/src/usage.js');

const { values, positionals } = parseArgs({ options: { write: { type: 'string' } }, allowPositionals: true });
const REQUESTS = Number(positionals[0] ?? 200_000);
/** Events in one message: what a chat-service gathers under load. */
const EVENTS = 100;
/** Requests between a start and its end. */
const LIFE = 5_000;
const USERS = 200;
const MODELS = 4;
const UNACKED = 64;

const nats = await startNats({ jetstream: true });
const postgres = await startPostgres();
const connection = await connect({ servers: nats.url });
await ensureUsageStream(await jetstreamManager(connection));
await fill();
const environment = { NATS_URL: nats.url, DATABASE_URL: postgres.url, LOG_LEVEL: 'warn' };
const startedAt = performance.now();
const service = await startServiceProcess('usage-service', environment, { nodeOptions: V8_MEMORY }); // as ./start does
const database = new Client({ connectionString: postgres.url });
await database.connect();
const readyAt = performance.now();
const before = await finished();
let at = readyAt;
for (;;) {
  const rows = await finished();
  at = performance.now();
  if (rows === REQUESTS) break;
  await wait(200);
}
const seconds = (at - readyAt) / 1_000;
const { rows: check } = await database.query(
  'SELECT count(*)::integer AS rows, sum(output_tokens)::integer AS tokens FROM usage.requests',
);
const [cpu, resident] = await costs();
const { rows: updates } = await database.query(
  `SELECT round(100.0 * sum(n_tup_hot_upd) / nullif(sum(n_tup_upd), 0))::integer AS hot
   FROM pg_stat_user_tables WHERE schemaname = 'usage' AND relname LIKE 'requests_%'`,
);
const report = {
  requests: REQUESTS,
  events: 2 * REQUESTS,
  rows: check[0].rows,
  tokensAreRight: check[0].tokens === REQUESTS * 100,
  seconds: Number(seconds.toFixed(1)),
  requestsPerSecond: Math.round((REQUESTS - before) / seconds),
  eventsPerSecond: Math.round((2 * (REQUESTS - before)) / seconds),
  startSeconds: Number(((readyAt - startedAt) / 1_000).toFixed(1)),
  usageServiceCpuSeconds: cpu,
  postgresCpuSeconds: cpuSeconds(postgres.pid),
  natsServerCpuSeconds: cpuSeconds(nats.pid),
  usageServiceResidentMiB: resident,
  updatesThatLeaveTheIndexesAlonePercent: updates[0].hot,
  cores: cpus().length,
};
console.log(JSON.stringify(report, null, 2));
if (values.write !== undefined) await writeBetween(values.write, 'ledger', await tableOf(report));
await database.end();
await service.end();
await connection.close();
await Promise.all([nats.stop(), postgres.stop()]);
process.exit(report.rows === REQUESTS && report.tokensAreRight ? 0 : 1);

async function fill() {
  const stream = jetstream(connection, { timeout: 20_000 });
  let events = [];
  const sending = new Set();
  const send = async () => {
    const message = JSON.stringify({ events });
    events = [];
    const sent = stream.publish(UsageSubjects.events, message).finally(() => sending.delete(sent));
    sending.add(sent);
    if (sending.size >= UNACKED) await Promise.race(sending);
  };
  for (let request = 0; request < REQUESTS + LIFE; request++) {
    if (request < REQUESTS) events.push({ kind: 'started', ...facts(request) });
    if (request >= LIFE) events.push({ kind: 'finished', ...facts(request - LIFE), ...ending(request) });
    if (events.length >= EVENTS) await send();
  }
  if (events.length > 0) await send();
  await Promise.all(sending);
}

function facts(request) {
  return {
    owner: 'chat-bench',
    requestId: `req_${String(request).padStart(12, '0')}`,
    createdAt: 1_795_000_000_000 + request,
    userId: `00000000-0000-4000-8000-${String(request % USERS).padStart(12, '0')}`,
    userEmail: `user${request % USERS}@example.com`,
    keyId: null,
    endpoint: '/v1/chat/completions',
    model: `model-${request % MODELS}`,
    profile: 'bench',
    ctxLen: 8192,
    stream: true,
    choices: 1,
    engineLife: 'vllm-0@1795000000.1',
  };
}

function ending(request) {
  return {
    inputTokens: 500 + (request % 1000),
    cachedTokens: 0,
    outputTokens: 100,
    reasoningTokens: 0,
    countMethod: 'exact',
    queueMs: 0,
    ttftMs: 20 + (request % 300),
    latencyMs: 500 + (request % 3000),
    statusCode: 200,
    outcome: 'completed',
    errorCode: null,
  };
}

async function finished() {
  const { rows } = await database.query(
    'SELECT coalesce(sum(requests_ended), 0)::integer AS n FROM usage.engine_lives',
  );
  return rows[0].n;
}

async function tableOf(measured) {
  const lines = [
    ['requests a second', measured.requestsPerSecond, '10,000'],
    ['events a second, each a write', measured.eventsPerSecond, ''],
    ['CPU seconds of usage-service, its start included', measured.usageServiceCpuSeconds, ''],
    ['CPU seconds of Postgres', measured.postgresCpuSeconds, ''],
    ['CPU seconds of nats-server, which was filled before', measured.natsServerCpuSeconds, ''],
    ['resident memory of usage-service at its end, MiB', measured.usageServiceResidentMiB, ''],
  ];
  const rows = lines.map(
    ([what, value, bar]) => `| ${what} | ${value.toLocaleString('en')} | ${bar === '' ? '' : `≥ ${bar}`} |`,
  );
  const head = `| ${measured.requests.toLocaleString('en')} requests in ${measured.seconds} s | measured | bar |`;
  return `${await measuredOn()}\n\n${[head, '|---|---|---|', ...rows].join('\n')}`;
}

/** Of a process and its children, those that have ended included. */
function cpuSeconds(pid) {
  const ticksOf = (id) => {
    const text = readFileSync(`/proc/${id}/stat`, 'utf8');
    const [, parent, ...fields] = text
      .slice(text.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number);
    return { parent, ticks: fields[9] + fields[10] + fields[11] + fields[12] };
  };
  let ticks = ticksOf(pid).ticks;
  for (const id of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const other = ticksOf(id);
      if (other.parent === pid) ticks += other.ticks;
    } catch {
      // it has ended meanwhile
    }
  }
  return Number((ticks / 100).toFixed(1));
}

async function costs() {
  const text = await (await fetch(`${service.url}/metrics`)).text();
  const value = (name) => Number(new RegExp(`^${name} (\\S+)`, 'm').exec(text)?.[1] ?? Number.NaN);
  const mib = value('process_resident_memory_bytes') / 1024 / 1024;
  return [Number(value('process_cpu_seconds_total').toFixed(1)), Math.round(mib)];
}
