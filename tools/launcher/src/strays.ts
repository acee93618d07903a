import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { endProcessGroup, isGroupAlive } from '#common/servers/process-group';
import { processStartTime } from '#common/servers/process-identity';
import { processStat } from '#common/servers/process-stat';
import { HOME_MARK, postgresMark, SERVICE_MARK, SUPERVISOR } from './service-spec';

const LOOK_EVERY_MS = 25;

interface Marked {
  readonly pid: number;
  readonly parent: number;
  /** Null for engines and their children. */
  readonly service: string | null;
}

/**
 * Everything that was started for this home, by the mark in its environment: also what no record knows of, such as the
 * children of an engine or a service whose supervisor was killed before it could write. Linux only; elsewhere none.
 */
function markedProcesses(home: string): Marked[] {
  if (process.platform !== 'linux') return [];
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid && processStartTime(Number(name)) !== null)
    .flatMap((name) => {
      const pid = Number(name);
      const environment = wordsOf(name, 'environ');
      if (environment.includes(`${HOME_MARK}=${home}`)) {
        const mark = environment.find((entry) => entry.startsWith(`${SERVICE_MARK}=`));
        return [{ pid, parent: processStat(name)?.parent ?? 0, service: mark?.slice(SERVICE_MARK.length + 1) ?? null }];
      }
      // Postgres writes its titles over its environment; what remains is its command line.
      if (wordsOf(name, 'cmdline').includes(postgresMark(home)))
        return [{ pid, parent: processStat(name)?.parent ?? 0, service: 'postgres' }];
      return [];
    });
}

/** Pids that still run for this home. */
export function remainingProcesses(home: string, enginesDir: string): number[] {
  return [...livingEngines(enginesDir), ...markedProcesses(home)].map(({ pid }) => pid);
}

function wordsOf(pid: string, file: 'environ' | 'cmdline'): string[] {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8').split('\0');
  } catch {
    return []; // ended while we looked, or another user's
  }
}

const engineSchema = z.object({
  id: z.string(),
  pid: z.int().min(1),
  startTime: z.string(),
  port: z.int(),
  startedAt: z.number(),
});

/** What model-manager wrote of the engines that it started. */
export type EngineRecord = z.output<typeof engineSchema>;

/** The engines of this home that are alive, whoever watches them now. */
export function livingEngines(enginesDir: string): EngineRecord[] {
  return readdirSync(enginesDir)
    .filter((name) => name.endsWith('.json'))
    .flatMap((name) => readEngine(join(enginesDir, name)))
    .filter((engine) => isGroupAlive(engine));
}

function readEngine(file: string): EngineRecord[] {
  try {
    return [engineSchema.parse(JSON.parse(readFileSync(file, 'utf8')))];
  } catch {
    return []; // removed just now, or not an engine's record
  }
}

/**
 * Ends services of this home that no record knows of, so that none runs twice, and waits until they are gone. Engines are
 * left to model-manager, which adopts them.
 */
export async function endUnknownServices(home: string, known: ReadonlySet<number>): Promise<void> {
  // The children of a known Postgres carry its mark as well.
  const unknown = (): Marked[] =>
    markedProcesses(home).filter(
      ({ pid, parent, service }) => service !== null && !known.has(pid) && !known.has(parent),
    );
  for (let strays = unknown(); strays.length > 0; strays = unknown()) {
    // A forgotten supervisor first: it would bring back what we end.
    const supervisors = strays.filter(({ service }) => service === SUPERVISOR);
    for (const { pid } of supervisors.length > 0 ? supervisors : strays) kill(pid);
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
}

/** Ends whatever still runs for this home, engines included. */
export async function endEverything(home: string, enginesDir: string): Promise<void> {
  await Promise.all(livingEngines(enginesDir).map((engine) => endProcessGroup(engine, 0)));
  for (const { pid } of markedProcesses(home)) kill(pid);
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // it ended by itself in the meantime
  }
}
