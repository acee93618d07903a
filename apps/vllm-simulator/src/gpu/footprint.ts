import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** What a running simulator holds on its GPUs, as the simulated nvidia-smi shows it. */
export interface EngineFootprint {
  readonly pid: number;
  readonly name: string;
  readonly gpus: readonly number[];
  /** On each of them. */
  readonly usedMib: number;
  /** Requests are running: the GPUs are busy. */
  readonly busy: boolean;
}

const fileOf = (stateDir: string, pid: number): string => join(stateDir, `engine-${pid}.json`);

/** Replaces what this process said before, in one step, so that a reader never sees half of it. */
export function writeFootprint(stateDir: string, footprint: EngineFootprint): void {
  mkdirSync(stateDir, { recursive: true });
  const file = fileOf(stateDir, footprint.pid);
  writeFileSync(`${file}.new`, JSON.stringify(footprint));
  renameSync(`${file}.new`, file);
}

export function removeFootprint(stateDir: string, pid: number): void {
  rmSync(fileOf(stateDir, pid), { force: true });
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Footprints of the simulators that live; memory of one that was killed is free, whatever its file says. */
export function readFootprints(stateDir: string): EngineFootprint[] {
  let names: string[];
  try {
    names = readdirSync(stateDir);
  } catch {
    return [];
  }
  return names
    .filter((name) => name.startsWith('engine-') && name.endsWith('.json'))
    .flatMap((name): EngineFootprint[] => {
      try {
        return [JSON.parse(readFileSync(join(stateDir, name), 'utf8')) as EngineFootprint];
      } catch {
        // The file went away between the listing and the reading.
        return [];
      }
    })
    .filter(({ pid }) => isAlive(pid));
}
