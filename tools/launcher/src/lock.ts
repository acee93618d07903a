import { linkSync, readFileSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { isSameProcessAlive, type ProcessIdentity, processStartTime } from '#common/servers/process-identity';
import { Trouble } from './trouble';

const LOOK_EVERY_MS = 100;

/** Runs `work` while holding the lock of a home; waits for whoever holds it, and takes it from one who has died. */
export async function withLock<T>(file: string, onWait: (pid: number) => void, work: () => Promise<T>): Promise<T> {
  const me: ProcessIdentity = { pid: process.pid, startTime: ownStartTime() };
  // The lock appears with its content or not at all (link), so nobody ever reads an empty one.
  const mine = `${file}.${process.pid}`;
  writeFileSync(mine, JSON.stringify(me));
  try {
    for (let said = false; !take(mine, file); said = true) {
      const holder = holderOf(file);
      if (holder === null || !isSameProcessAlive(holder)) {
        rmSync(file, { force: true });
        continue;
      }
      if (!said) onWait(holder.pid);
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    }
  } finally {
    unlinkSync(mine);
  }
  try {
    return await work();
  } finally {
    if (holderOf(file)?.pid === process.pid) rmSync(file, { force: true });
  }
}

function ownStartTime(): string {
  const startTime = processStartTime(process.pid);
  if (startTime === null) throw new Trouble('neither /proc nor ps is to be had here: processes cannot be told apart');
  return startTime;
}

function take(mine: string, file: string): boolean {
  try {
    linkSync(mine, file);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
}

function holderOf(file: string): ProcessIdentity | null {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as ProcessIdentity;
  } catch {
    return null; // released just now
  }
}
