import { spawn, spawnSync } from 'node:child_process';
import { openSync, readFileSync } from 'node:fs';

/** Runs to the end. @throws Error with the last of its output. */
export function must(command, args, options = {}) {
  const { status, error, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8', ...options });
  if (status === 0) return stdout ?? '';
  const why = error?.message ?? `exit code ${status}: ${(stderr ?? '').slice(-2_000)}`;
  throw new Error(`${command} ${args.join(' ')}: ${why}`);
}

/** Which of these programs are not on PATH. */
export function missingPrograms(names) {
  return names.filter((name) => spawnSync('sh', ['-c', `command -v ${name}`]).status !== 0);
}

/** A server that runs until `stop`, which waits for its end. */
export function startServer(command, args, { logFile, env = {} }) {
  const log = openSync(logFile, 'a');
  const child = spawn(command, args, { stdio: ['ignore', log, log], env: { ...process.env, ...env } });
  const exited = new Promise((resolve) => {
    child.once('exit', resolve);
    child.once('error', resolve);
  });
  return {
    pid: child.pid,
    log: () => readFileSync(logFile, 'utf8').slice(-3_000),
    isOver: () => child.exitCode !== null || child.signalCode !== null,
    stop: async () => {
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), 15_000);
      await exited;
      clearTimeout(timer);
    },
  };
}

/** @throws Error with the server's log after a minute, or when it has ended. */
export async function untilReady(server, name, isReady) {
  const deadline = Date.now() + 60_000;
  while (!(await isReady().catch(() => false))) {
    if (server.isOver() || Date.now() > deadline) throw new Error(`${name} did not become ready:\n${server.log()}`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}
