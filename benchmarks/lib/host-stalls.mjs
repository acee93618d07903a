import { spawn } from 'node:child_process';
import { cpus } from 'node:os';
import { NODE } from './paths.mjs';

/** The watcher sleeps so long at a time, and is late by more than this only when it was kept from running, milliseconds. */
const SLEEP_MS = 4;
export const STALL_MS = 3;

/**
 * Watches when a virtual machine's host takes a processor away: on each runs a program of real-time priority that sleeps and
 * sees when it wakes. Nothing of this machine goes before it, so it is late when the processor itself was not there.
 * @returns `stop`, which resolves with the stalls, in epoch milliseconds; null where there is no `chrt`, or no right to it
 */
export async function watchHost() {
  const watchers = cpus().map((_, cpu) => watchProcessor(cpu));
  const running = await Promise.all(watchers.map((watcher) => watcher.running));
  const stop = async () => (await Promise.all(watchers.map((watcher) => watcher.stop()))).flat();
  if (running.every(Boolean)) return { stop };
  await stop();
  return null;
}

/** Parts what happened while the host was there from what did not. @param times `from` and `to`, epoch milliseconds */
export function withTheHost(times, stalls) {
  const length = ({ from, to }) => to - from;
  const stalled = (time) => stalls.some((stall) => stall.from < time.to && time.from < stall.to);
  return {
    there: times.filter((time) => !stalled(time)).map(length),
    away: times.filter(stalled).map(length),
  };
}

function watchProcessor(cpu) {
  const command = ['-c', String(cpu), 'chrt', '-f', '80', NODE, '-e', `(${watch})(${SLEEP_MS}, ${STALL_MS})`];
  const program = spawn('taskset', command, { stdio: ['pipe', 'pipe', 'ignore'] });
  const { promise: running, resolve } = Promise.withResolvers();
  let printed = '';
  program.stdout.setEncoding('utf8').on('data', (text) => {
    printed += text;
    resolve(true);
  });
  const ended = new Promise((over) => {
    program.on('close', over);
    program.on('error', over);
  });
  void ended.then(() => resolve(false));
  return {
    running,
    stop: async () => {
      program.stdin.on('error', () => undefined).end();
      await ended;
      const lines = printed.split('\n').slice(1, -1);
      return lines.map((line) => line.split(' ').map(Number)).map(([from, to]) => ({ from, to }));
    },
  };
}

/** In the watcher: a line when it runs, then the beginning and the end of each stall. It ends with its standard input. */
function watch(sleepMs, stallMs) {
  const cell = new Int32Array(new SharedArrayBuffer(4));
  const now = () => performance.timeOrigin + performance.now();
  process.stdin.on('end', () => process.exit()).resume();
  process.stdout.write('watching\n');
  const look = () => {
    const before = now();
    Atomics.wait(cell, 0, 0, sleepMs);
    const after = now();
    if (after - before > sleepMs + stallMs) process.stdout.write(`${before + sleepMs} ${after}\n`);
    setImmediate(look);
  };
  look();
}
