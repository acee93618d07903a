// `npm run test:vllm`: the engine contract suite against a real vLLM on the CPU, with a tiny model of random weights; then a
// whole Tandem that starts, switches and loses such engines by itself.
// Installs vLLM once into .cache/vllm-cpu (about 6 GB, some minutes); the suite then takes about three minutes, the whole system five more.
// What follows goes to Jest: npm run test:vllm -- -t 'a client that leaves'
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from '../free-port.mjs';

const HERE = dirname(fileURLToPath(import.meta.url));
const ROOT = join(HERE, '../..');
const CACHE = join(ROOT, '.cache/vllm-cpu');
const VENV = join(CACHE, 'venv');
const MODEL = join(CACHE, 'tiny-chat');
/** A cold start on two cores took 44 s; four at once on a busy machine 208 s. */
const START_DEADLINE_MS = 300_000;

const OFFLINE = {
  VLLM_CPU_KVCACHE_SPACE: '1',
  HF_HUB_OFFLINE: '1',
  VLLM_NO_USAGE_STATS: '1',
  DO_NOT_TRACK: '1',
};

/**
 * The model runs inside the engine process, as it does on one GPU, and in one thread. By default the CPU build puts it
 * into a worker process, and each of the two spins on sched_yield() while it waits for the other
 * (vllm/distributed/device_communicators/shm_broadcast.py): on two cores they take both, and whoever else wants to run,
 * this suite first of all, then waits for as long as 4 s (docs/engine-facts.md). The CPU platform turns "uni" back into
 * "mp" unless VLLM_ENABLE_V1_MULTIPROCESSING is 0 (vllm/platforms/cpu.py); the API server stays a process of its own.
 */
const WITHOUT_SPINNING = { VLLM_ENABLE_V1_MULTIPROCESSING: '0', OMP_NUM_THREADS: '1' };
const IN_ENGINE_PROCESS = ['--distributed-executor-backend', 'uni'];

function must(command, args) {
  const { status, error } = spawnSync(command, args, { cwd: ROOT, stdio: 'inherit' });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${error?.message ?? `exit code ${status}`}`);
}

/** Starts vLLM in a process group of its own: its engine and worker are processes too, and must all go at the end. */
async function startVllm(flags) {
  const port = await freePort();
  const logFile = join(CACHE, 'vllm.log');
  const log = openSync(logFile, 'w');
  const args = ['serve', './tiny-chat', '--served-model-name', 'tiny-chat', '--host', '127.0.0.1', '--port', `${port}`];
  const child = spawn(join(VENV, 'bin/vllm'), [...args, '--enforce-eager', ...IN_ENGINE_PROCESS, ...flags], {
    cwd: CACHE,
    env: { ...process.env, ...OFFLINE, ...WITHOUT_SPINNING },
    stdio: ['ignore', log, log],
    detached: true,
  });
  const exited = new Promise((resolve) => child.once('exit', resolve));
  const killGroup = (signal) => {
    try {
      process.kill(-child.pid, signal);
    } catch (error) {
      if (error.code !== 'ESRCH') throw error;
    }
  };
  const stop = async () => {
    killGroup('SIGTERM');
    await Promise.race([exited, new Promise((resolve) => setTimeout(resolve, 15_000))]);
    killGroup('SIGKILL');
    for (const signal of ['SIGINT', 'SIGTERM']) process.off(signal, stopOnSignal);
  };
  // From the first moment on: a start takes most of a minute, and the group outlives whoever started it.
  const stopOnSignal = () => void stop().then(() => process.exit(1));
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, stopOnSignal);
  const url = `http://127.0.0.1:${port}`;
  const deadline = Date.now() + START_DEADLINE_MS;
  for (;;) {
    const up = await fetch(`${url}/health`).then(
      (response) => response.ok,
      () => false,
    );
    if (up) return { url, stop };
    if (child.exitCode !== null || Date.now() > deadline) {
      await stop();
      throw new Error(`vLLM did not start:\n${readFileSync(logFile, 'utf8').slice(-3000)}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

function runSuite(testMatch, env) {
  const jest = join(ROOT, 'node_modules/jest/bin/jest.js');
  const args = [jest, '--testMatch', testMatch, '--testTimeout', '60000', '--runInBand'];
  args.push(...process.argv.slice(2));
  return new Promise((resolve) => {
    const child = spawn(process.execPath, args, {
      cwd: ROOT,
      stdio: 'inherit',
      env: { ...process.env, NODE_OPTIONS: '--experimental-vm-modules', ...env },
    });
    child.once('exit', (code) => resolve(code ?? 1));
  });
}

mkdirSync(CACHE, { recursive: true });
must('bash', [join(HERE, 'install-vllm-cpu.sh'), VENV]);
if (!existsSync(join(MODEL, 'config.json'))) {
  must(join(VENV, 'bin/python'), [join(HERE, 'make-tiny-model.py'), MODEL]);
}

const servers = [
  { flags: [], env: { ENGINE_TOOL_PARSER: 'no' } },
  { flags: ['--enable-auto-tool-choice', '--tool-call-parser', 'hermes'], env: { ENGINE_TOOL_PARSER: 'yes' } },
];
let failed = false;
for (const { flags, env } of servers) {
  console.log(`Starting vLLM ${flags.join(' ')}`);
  const vllm = await startVllm(flags);
  try {
    failed =
      (await runSuite('**/engine-contract/vllm.contract.ts', { ENGINE_BASE_URL: vllm.url, ...env })) !== 0 || failed;
  } finally {
    await vllm.stop();
  }
}
// Engines that model-manager starts itself, with the same settings as above.
const tandem = await runSuite('**/vllm-life/*.vllm.ts', {
  ...OFFLINE,
  ...WITHOUT_SPINNING,
  TANDEM_TEST_VLLM: join(VENV, 'bin/vllm'),
  TANDEM_TEST_MODEL: MODEL,
});
process.exitCode = failed || tandem !== 0 ? 1 : 0;
