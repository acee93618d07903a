import { execFile } from 'node:child_process';
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { endProcessGroup, isGroupAlive } from '#common/servers/process-group';
import { isSameProcessAlive, type ProcessIdentity } from '#common/servers/process-identity';
import type { Home } from './home';
import { readState, removeState, type ServiceState } from './state';
import { endEverything, remainingProcesses } from './strays';
import { Trouble } from './trouble';

const LOOK_EVERY_MS = 25;
/** The supervisor only has to read a signal. */
const LEAVE_MS = 2_000;
const LAST_LOOK_MS = 5_000;
/** A pod may take a minute until its node says that it has ended. */
const CONTAINERS_STOP_MS = 90_000;
/** The build lies in dist/tools/launcher/src. */
const END_ENGINES = join(__dirname, '../../../apps/model-manager/src/end-engines.js');

const run = promisify(execFile);

/**
 * Ends everything of a home: politely and in order, then certainly. The supervisor, unless it is us, is told to leave first,
 * so that nobody restarts what we stop.
 * @returns the names of what was stopped
 * @throws Trouble when something cannot be ended
 */
export async function shutDown(home: Home, log: (line: string) => void): Promise<string[]> {
  const state = readState(home.stateFile);
  if (state?.supervisor != null && state.supervisor.pid !== process.pid) await dismiss(state.supervisor);
  // Read again: it may have started something between our two looks.
  const services = readState(home.stateFile)?.services ?? [];
  const stopped: string[] = [];
  for (const service of services.toReversed()) {
    if (await stopService(service, log)) stopped.push(service.name);
  }
  await makeSure(home);
  const containers = await endContainers(home, log);
  removeState(home.stateFile);
  for (const name of existsSync(home.enginesDir) ? readdirSync(home.enginesDir) : []) {
    if (name.endsWith('.json')) rmSync(join(home.enginesDir, name), { force: true });
  }
  if (containers !== null) throw new Trouble(`engines in containers could not be ended: ${containers}; try again`);
  return stopped;
}

/**
 * Containers and pods are no processes of this home, and model-manager may have been killed: what it noted of them is
 * enough for its own program to end them.
 * @returns why that was not possible; null when none is left
 */
async function endContainers(home: Home, log: (line: string) => void): Promise<string | null> {
  if (!existsSync(join(home.enginesDir, 'containers'))) return null;
  try {
    const { stdout } = await run(process.execPath, [END_ENGINES, home.enginesDir], { timeout: CONTAINERS_STOP_MS });
    for (const engine of stdout.split('\n')) if (engine !== '') log(`ended what was left of ${engine}`);
    return null;
  } catch (error) {
    const { stderr, killed } = error as { stderr: string; killed: boolean };
    return killed ? `nobody answered within ${CONTAINERS_STOP_MS / 1000} s` : stderr.trim();
  }
}

async function dismiss(supervisor: ProcessIdentity): Promise<void> {
  if (!isSameProcessAlive(supervisor)) return;
  process.kill(supervisor.pid, 'SIGUSR2');
  if (!(await gone(() => isSameProcessAlive(supervisor), LEAVE_MS))) process.kill(supervisor.pid, 'SIGKILL');
}

async function stopService(service: ServiceState, log: (line: string) => void): Promise<boolean> {
  const running = service.process;
  if (running === null || !isGroupAlive(running)) return false;
  log(`stopping ${service.name}`);
  if (isSameProcessAlive(running)) {
    process.kill(running.pid, service.stopSignal);
    if (!(await gone(() => isSameProcessAlive(running), service.stopTimeoutMs))) {
      log(`${service.name} did not end within ${service.stopTimeoutMs / 1000} s; killing it`);
    }
  }
  await endProcessGroup(running, 0);
  return true;
}

/** Kills what is left, whoever it was, until nothing is. */
async function makeSure(home: Home): Promise<void> {
  const deadline = performance.now() + LAST_LOOK_MS;
  for (;;) {
    const left = remainingProcesses(home.dir, home.enginesDir);
    if (left.length === 0) return;
    if (performance.now() > deadline) throw new Trouble(`these processes cannot be ended: ${left.join(', ')}`);
    await endEverything(home.dir, home.enginesDir);
    await pause();
  }
}

async function gone(isThere: () => boolean, withinMs: number): Promise<boolean> {
  const deadline = performance.now() + withinMs;
  while (isThere()) {
    if (performance.now() > deadline) return false;
    await pause();
  }
  return true;
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
}
