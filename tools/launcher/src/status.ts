import { acceptsConnections } from '#common/servers/probe';
import { isSameProcessAlive } from '#common/servers/process-identity';
import {
  askModelManager,
  askWhoAnswersCode,
  askWhoGivesHints,
  type BackendAnswer,
  type EngineStatus,
  type HintsAnswer,
} from './engines';
import type { Home } from './home';
import { lastComplaint } from './log-files';
import { readState, type ServiceState, type SystemState } from './state';
import { livingEngines } from './strays';

export interface ProcessStatus {
  readonly name: string;
  readonly pid: number | null;
  readonly port: number | null;
  readonly health: string;
  readonly uptimeS: number | null;
}

export interface Status {
  readonly state: 'healthy' | 'degraded' | 'stopped';
  readonly processes: readonly ProcessStatus[];
  readonly engines: readonly EngineStatus[];
  readonly gpus: readonly unknown[];
  /** Who would answer the code assistant now; null: nobody can say. */
  readonly backend: BackendAnswer | null;
  /** Who would give hints now; null: nobody can say. */
  readonly hints: HintsAnswer | null;
}

export const EXIT_CODES: Readonly<Record<Status['state'], number>> = { healthy: 0, degraded: 1, stopped: 3 };

/** What runs for this home, as it is now. */
export async function readStatus(home: Home): Promise<{ status: Status; profile: string | null; notes: string[] }> {
  const state = readState(home.stateFile);
  const engines = livingEngines(home.enginesDir);
  if (state === null || (!isAnythingAlive(state) && engines.length === 0)) {
    return {
      status: { state: 'stopped', processes: [], engines: [], gpus: [], backend: null, hints: null },
      profile: null,
      notes: [],
    };
  }
  const supervised = state.supervisor !== null && isSameProcessAlive(state.supervisor);
  const [answer, backend, hints] = await Promise.all([
    ask(state, 'model-manager', askModelManager),
    ask(state, 'chat-service', askWhoAnswersCode),
    ask(state, 'chat-service', askWhoGivesHints),
  ]);
  const services = state.services.map((service) => serviceStatus(service, supervised));
  const external = await Promise.all(
    state.external.map(async ({ name, host, port }) => {
      const health = (await acceptsConnections(host, port)) ? 'ready' : 'unready';
      return { name, pid: null, port, health, uptimeS: null };
    }),
  );
  const engineProcesses = answer === null ? engines.map(unwatched) : answer.engines.map(engineStatus);
  const processes = [...services, ...external, ...engineProcesses];
  const healthy = supervised && processes.every(({ health }) => health === 'ready') && engineProcesses.length > 0;
  return {
    status: {
      state: healthy ? 'healthy' : 'degraded',
      processes,
      engines: answer?.engines ?? [],
      gpus: answer?.gpus ?? [],
      backend,
      hints,
    },
    profile: answer?.profile ?? null,
    notes: [
      ...(supervised ? [] : ['the supervisor is gone: nothing is restarted when it dies. ./start brings it back.']),
      ...state.services.flatMap(serviceNote),
      ...(answer?.engines ?? []).flatMap((engine) =>
        typeof engine.message === 'string' ? [`engine:${engine.id}: ${engine.message}`] : [],
      ),
    ],
  };
}

function isAnythingAlive(state: SystemState): boolean {
  const processes = [state.supervisor, ...state.services.map((service) => service.process)];
  return processes.some((process) => process !== null && isSameProcessAlive(process));
}

function ask<T>(
  state: SystemState,
  name: string,
  question: (port: number) => Promise<T | null>,
): Promise<T | null> | null {
  const service = state.services.find((one) => one.name === name);
  return service?.process == null ? null : question(service.port);
}

function serviceStatus(service: ServiceState, supervised: boolean): ProcessStatus {
  const { name, port, process } = service;
  const alive = process !== null && isSameProcessAlive(process);
  const down = supervised && service.health !== 'ready' ? service.health : 'stopped';
  return {
    name,
    pid: alive ? process.pid : null,
    port,
    health: alive ? service.health : down,
    uptimeS: alive ? secondsSince(process.startedAt) : null,
  };
}

function engineStatus({ id, state, pid, port, uptimeS }: EngineStatus): ProcessStatus {
  return { name: `engine:${id}`, pid: pid ?? null, port: port ?? null, health: state, uptimeS: uptimeS ?? null };
}

/** An engine that runs on while its model-manager is away. */
function unwatched(engine: { id: string; pid: number; port: number; startedAt: number }): ProcessStatus {
  const { id, pid, port, startedAt } = engine;
  return { name: `engine:${id}`, pid, port, health: 'unready', uptimeS: secondsSince(startedAt) };
}

function serviceNote(service: ServiceState): string[] {
  const { name, health, waitingFor, lastExit, failures, logFile } = service;
  if (health === 'crashing' || health === 'restarting') {
    const times = failures > 1 ? ` ${failures} times in a row` : '';
    return [
      `${name} died${times} (${lastExit ?? 'reason unknown'}): ${lastComplaint(logFile) ?? 'no log'}; see ${logFile}`,
    ];
  }
  return waitingFor.length === 0 || health === 'ready' ? [] : [`${name} waits for ${waitingFor.join(', ')}`];
}

function secondsSince(epochMs: number): number {
  return Math.max(0, Math.round((Date.now() - epochMs) / 1000));
}
