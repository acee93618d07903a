import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { eventually } from '#testing/eventually';
import { killProcess } from '#testing/kill-process';
import { leash, shellWord } from '#testing/leash';

const run = promisify(execFile);

const LAUNCHER = join(__dirname, '../../dist/tools/launcher/src/main.js');
/** Postgres, NATS and four services, and then a container. */
const STARTED_WITHIN = { timeoutMs: 90_000 };

interface RunningState {
  supervisor: { pid: number } | null;
  services: { name: string; process: { pid: number } | null }[];
}

/** A Tandem of which nobody is left who knows its engine. */
export interface KilledTandem {
  /** `./stop`. @returns what it said */
  stop(): Promise<string>;
  remove(): Promise<void>;
}

/**
 * `./start` with a driver; once its engine is there, kill -9 of whoever could end it: ./start, the supervisor, model-manager.
 * @param engineIsThere whether Docker or Kubernetes has the engine by now
 */
export async function startAndKill(
  driver: 'docker' | 'kubernetes',
  env: Readonly<Record<string, string>>,
  engineIsThere: () => Promise<boolean>,
): Promise<KilledTandem> {
  const home = mkdtempSync(join(tmpdir(), 'tandem-killed-'));
  const profiles = join(home, 'profiles');
  mkdirSync(profiles);
  writeFileSync(
    join(profiles, 'r1-distill-qwen-14b.yaml'),
    'name: r1-distill-qwen-14b\nengines:\n  - { model: sim }\n',
  );
  const own = { TANDEM_HOME: home, PROFILES_DIR: profiles, NVIDIA_SMI_COMMAND: 'false', DRAIN_TIMEOUT_MS: '0' };
  const environment = { ...process.env, NODE_OPTIONS: '', ...env, ...own };
  const guard = leash(`TANDEM_HOME=${shellWord(home)} ${shellWord(process.execPath)} ${shellWord(LAUNCHER)} stop`);
  const start = spawn(process.execPath, [LAUNCHER, 'start', '--port', '0', '--engine', driver], {
    env: environment,
    stdio: 'ignore',
  });
  const ended = once(start, 'exit');
  await eventually(engineIsThere, STARTED_WITHIN);
  killProcess(start.pid);
  await ended;
  const { supervisor, services } = JSON.parse(readFileSync(join(home, 'run/state.json'), 'utf8')) as RunningState;
  killProcess(supervisor?.pid);
  killProcess(services.find(({ name }) => name === 'model-manager')?.process?.pid);
  return {
    // With nothing of what ./start was told: an operator's next shell knows it no more.
    stop: async () => {
      const shell = { PATH: process.env['PATH'], HOME: process.env['HOME'], TANDEM_HOME: home };
      const { stdout, stderr } = await run(process.execPath, [LAUNCHER, 'stop'], { env: shell });
      return stdout + stderr;
    },
    remove: async () => {
      await guard.release();
      rmSync(home, { recursive: true, force: true });
    },
  };
}
