import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** A promise to end something even when this process is killed. */
export interface Leash {
  /** Lets go: nothing will be ended any more. */
  release(): Promise<void>;
}

/**
 * Runs a shell command as soon as this process is gone, however it went. A shell waits on a pipe whose other end only this
 * process holds: Jest ends its workers with SIGKILL when it must, so an exit hook would not be enough.
 */
export function leash(command: string): Leash {
  const guard = spawn('/bin/sh', ['-c', `read -r _; ${command}`], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  guard.unref();
  (guard.stdin as unknown as { unref?: () => void }).unref?.();
  return {
    release: async () => {
      if (guard.exitCode !== null || guard.signalCode !== null) return;
      const exited = once(guard, 'exit');
      guard.ref();
      guard.kill('SIGKILL');
      await exited;
    },
  };
}

/** Quotes a word for the shell. */
export function shellWord(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
