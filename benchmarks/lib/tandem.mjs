import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { NODE, ROOT } from './paths.mjs';
import { Trouble, freePort, run } from './processes.mjs';

/** A token passes through these three; their CPU and memory are what is measured. */
const MEASURED = ['api-gateway', 'chat-service', 'nats-server'];
const ADMIN = { email: 'admin@tandem.local', password: 'a benchmark of one afternoon' };

/** The measured system is the one of this checkout with its own servers, whatever the shell names. */
const NOT_TAKEN_OVER = [
  'DATABASE_URL',
  'NATS_URL',
  'REDIS_URL',
  'JWT_SECRET',
  'OTEL_EXPORTER_OTLP_ENDPOINT',
  'LOG_LEVEL',
];

/** The environment for a Tandem with servers of its own. */
export function ownEnvironment() {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !NOT_TAKEN_OVER.includes(name)));
}

/**
 * Starts a Tandem with a home of its own whose engine is the upstream, everything on, and answers it as a target.
 * With `profileDir` its services write CPU profiles there when they stop.
 */
export async function startTandem(cleanups, upstream, { profileDir } = {}) {
  const home = mkdtempSync(join(tmpdir(), 'tandem-bench-'));
  const env = {
    ...ownEnvironment(),
    TANDEM_HOME: home,
    TANDEM_ADMIN_EMAIL: ADMIN.email,
    TANDEM_ADMIN_PASSWORD: ADMIN.password,
  };
  env.TANDEM_API_KEY = 'sk-tandem-benchmark-first-key';
  const stop = cleanups.add(async () => {
    await run(join(ROOT, 'stop'), [], { env });
    rmSync(home, { recursive: true, force: true });
  });
  const words = ['--json', '--port', String(await freePort()), '--engine', 'external'];
  const output = await run(join(ROOT, 'start'), [...words, '--engine-url', `http://${upstream.address}`], {
    env: profileDir === undefined ? env : profiled(env, profileDir),
  });
  const { url } = JSON.parse(output.trim().split('\n').at(-1));
  const { processes } = JSON.parse(await run(join(ROOT, 'status'), ['--json'], { env, codes: [0, 1] }));
  const pids = Object.fromEntries(processes.filter(({ pid }) => pid !== null).map(({ name, pid }) => [name, pid]));
  const missing = MEASURED.filter((name) => pids[name] === undefined);
  if (missing.length > 0) throw new Trouble(`./status knows no process of ${missing.join(', ')}`);
  const measured = Object.fromEntries(MEASURED.map((name) => [name, pids[name]]));
  const rest = Object.fromEntries(Object.entries(pids).filter(([name]) => !MEASURED.includes(name)));
  return { target: await asTarget(url, measured, rest), pids, stop };
}

/**
 * Starts a Tandem with a home of its own and the simulated engine, with `own` in its environment.
 * @returns its address, the first API key, and a function that reads the pids of its processes by name.
 */
export async function startSimulated(cleanups, own = {}) {
  const home = mkdtempSync(join(tmpdir(), 'tandem-bench-'));
  const key = 'sk-tandem-benchmark-first-key';
  const env = { ...ownEnvironment(), ...own, TANDEM_HOME: home, TANDEM_API_KEY: key };
  cleanups.add(async () => {
    await run(join(ROOT, 'stop'), [], { env });
    rmSync(home, { recursive: true, force: true });
  });
  const words = ['--json', '--port', String(await freePort()), '--engine', 'simulator'];
  const { url, model } = JSON.parse((await run(join(ROOT, 'start'), words, { env })).trim().split('\n').at(-1));
  const readPids = async () => {
    const { processes } = JSON.parse(await run(join(ROOT, 'status'), ['--json'], { env, codes: [0, 1] }));
    return Object.fromEntries(processes.filter(({ pid }) => pid !== null).map(({ name, pid }) => [name, pid]));
  };
  return { url, model, key, readPids };
}

async function asTarget(url, processes, rest) {
  const commit = (await run('git', ['describe', '--always', '--dirty'], { cwd: ROOT })).trim();
  return {
    name: 'tandem',
    version: commit,
    note: `${MEASURED.join(' + ')} together; API key, request limit, validation and ledger events (synced to disk) on`,
    url: `${url}/v1/chat/completions`,
    headers: { Authorization: `Bearer ${await makeKey(url)}` },
    processes,
    rest,
  };
}

/** A key whose limit is checked at each request and never reached. */
async function makeKey(url) {
  const { accessToken } = await post(`${url}/api/auth/login`, {}, ADMIN);
  const limits = { name: 'benchmark', requestsPerMinute: 1_000_000 };
  const { key } = await post(`${url}/api/keys`, { authorization: `Bearer ${accessToken}` }, limits);
  return key;
}

async function post(url, headers, body) {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Trouble(`${url} answered ${response.status}: ${await response.text()}`);
  return response.json();
}

/** Node allows --cpu-prof in NODE_OPTIONS since 24, so ./start itself must run under ours too. */
function profiled(env, dir) {
  return {
    ...env,
    PATH: `${dirname(NODE)}${delimiter}${env.PATH}`,
    NODE_OPTIONS: `--cpu-prof --cpu-prof-interval=500 --cpu-prof-dir=${dir}`,
  };
}
