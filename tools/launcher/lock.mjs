// One bootstrap at a time in one checkout. Runs on Node 20 with nothing installed.
import { linkSync, mkdirSync, readFileSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** Runs `work` while holding the lock file; waits for whoever holds it, and takes it from one who has died. */
export async function withLock(path, onWait, work) {
  mkdirSync(dirname(path), { recursive: true });
  // The file appears with its content or not at all (link), so nobody ever reads an empty one.
  const mine = `${path}.${process.pid}`;
  writeFileSync(mine, String(process.pid));
  try {
    for (let said = false; !take(mine, path); said = true) {
      const holder = holderOf(path);
      if (holder === null || !isAlive(holder)) {
        rmSync(path, { force: true });
        continue;
      }
      if (!said) onWait(holder);
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  } finally {
    unlinkSync(mine);
  }
  try {
    return await work();
  } finally {
    if (holderOf(path) === process.pid) rmSync(path, { force: true });
  }
}

function take(mine, path) {
  try {
    linkSync(mine, path);
    return true;
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    throw error;
  }
}

function holderOf(path) {
  try {
    return Number(readFileSync(path, 'utf8'));
  } catch {
    return null; // released just now
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}
