import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { endProcessGroup, isGroupAlive } from '#common/servers/process-group';
import { processStartTime } from '#common/servers/process-identity';
import { HOME_MARK, SERVICE_MARK } from './service-spec';

interface Marked {
  readonly pid: number;
  readonly parent: number;
  readonly isService: boolean;
}

/**
 * Everything that was started for this home, by the mark in its environment: also what no record knows of, such as the
 * children of an engine or a service whose supervisor was killed before it could write. Linux only; elsewhere none.
 */
function markedProcesses(home: string): Marked[] {
  if (process.platform !== 'linux') return [];
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((name) => {
      const environment = environmentOf(name);
      if (!environment.includes(`${HOME_MARK}=${home}`) || processStartTime(Number(name)) === null) return [];
      const isService = environment.some((entry) => entry.startsWith(`${SERVICE_MARK}=`));
      return [{ pid: Number(name), parent: parentOf(name), isService }];
    });
}

/** Pids that still run for this home. */
export function remainingProcesses(home: string, enginesDir: string): number[] {
  return [...livingEngines(enginesDir), ...markedProcesses(home)].map(({ pid }) => pid);
}

function parentOf(pid: string): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
  } catch {
    return 0; // ended while we looked
  }
}

function environmentOf(pid: string): string[] {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
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
 * Ends services of this home that no record knows of, so that none runs twice. Engines are left to model-manager, which
 * adopts them.
 */
export function endUnknownServices(home: string, known: ReadonlySet<number>): void {
  for (const { pid, parent, isService } of markedProcesses(home)) {
    // The children of a known Postgres carry its mark as well.
    if (isService && !known.has(pid) && !known.has(parent)) kill(pid);
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
