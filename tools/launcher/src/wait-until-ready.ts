import { join } from 'node:path';
import { isSameProcessAlive } from '#common/servers/process-identity';
import { askModelManager, type EngineStatus } from './engines';
import type { Home } from './home';
import { lastComplaint } from './log-files';
import { readState, type ServiceState, type SystemState } from './state';
import { Trouble } from './trouble';

const LOOK_EVERY_MS = 100;
/** A service needs a second or two; on a machine that is busy with other things some more. */
const SERVICE_LIMIT_MS = 90_000;
/** Deaths in a row after which a service is not waited for any longer. */
const HOPELESS = 4;
/** With this exit code a service refuses its configuration (libs/common/src/service.ts): trying again changes nothing. */
const REFUSED = 'exit code 2';

/**
 * Waits until every service and every engine is ready, and tells what happens meanwhile. An engine may load for as long as
 * it says that it loads: weights may have to be downloaded first.
 * @param wasRunning others started it, and what is ready by now is no news
 * @throws Trouble with the one reason why it will not become ready
 */
export async function waitUntilReady(
  home: Home,
  wasRunning: boolean,
  log: (line: string) => void,
): Promise<{ state: SystemState; model: string | null }> {
  const began = performance.now();
  const told = new Set<string>();
  // Of a system that ran already only changes are told.
  let isNews = !wasRunning;
  const tell = (line: string): void => {
    if (told.has(line)) return;
    told.add(line);
    if (!isNews) return;
    log(`${line} (${((performance.now() - began) / 1000).toFixed(1)} s)`);
  };
  for (;;) {
    const state = readState(home.stateFile);
    if (state?.supervisor == null || !isSameProcessAlive(state.supervisor)) {
      throw new Trouble(`it was stopped while it started; see ${join(home.logsDir, 'supervisor.log')}`);
    }
    for (const service of state.services) {
      if (service.health === 'ready') tell(`${service.name} is ready`);
    }
    const engines = await enginesOf(state);
    for (const engine of engines) tellEngine(engine, home, tell);
    isNews = true;
    const unready = state.services.filter(({ health }) => health !== 'ready');
    if (unready.length === 0 && engines.length > 0 && engines.every((engine) => engine.state === 'ready')) {
      return { state, model: engines[0]?.model ?? null };
    }
    const waited = performance.now() - began;
    for (const service of unready) assertHope(service, waited);
    if (unready.length === 0 && engines.length === 0 && waited > SERVICE_LIMIT_MS) {
      throw new Trouble(`model-manager knows of no engine; see ${join(home.logsDir, 'model-manager.log')}`);
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
}

async function enginesOf(state: SystemState): Promise<EngineStatus[]> {
  const manager = state.services.find(({ name }) => name === 'model-manager');
  return manager?.process == null ? [] : ((await askModelManager(manager.port))?.engines ?? []);
}

function tellEngine(engine: EngineStatus, home: Home, tell: (line: string) => void): void {
  if (engine.state === 'failed') {
    const log = join(home.enginesDir, `${engine.id}.log`);
    const where = engine.pid === undefined && engine.url != null ? engine.url : log;
    throw new Trouble(`the engine ${engine.id} failed: ${engine.message ?? 'no reason given'}; see ${where}`);
  }
  const phase = engine.state === 'loading' && engine.phase != null ? ` (${engine.phase})` : '';
  tell(`engine:${engine.id} is ${engine.state}${phase}`);
}

function assertHope(service: ServiceState, waitedMs: number): void {
  const { name, failures, lastExit, waitingFor, logFile } = service;
  if (failures >= HOPELESS || (failures > 0 && lastExit === REFUSED)) {
    throw new Trouble(
      `${name} does not start (${lastExit ?? 'it ended'}): ${lastComplaint(logFile) ?? 'no word'}; see ${logFile}`,
    );
  }
  if (waitedMs > SERVICE_LIMIT_MS) {
    const what = waitingFor.length === 0 ? 'does not answer' : `waits for ${waitingFor.join(', ')}`;
    const complaint = lastComplaint(logFile);
    const because = complaint === null ? '' : ` (${complaint.split('\n', 1)[0] ?? ''})`;
    throw new Trouble(`${name} is not ready after ${SERVICE_LIMIT_MS / 1000} s: it ${what}${because}; see ${logFile}`);
  }
}
