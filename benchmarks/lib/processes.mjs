import { spawn } from 'node:child_process';

export { freePort } from '../../tools/free-port.mjs';

/** What went wrong, for the user: shown without a stack. */
export class Trouble extends Error {}

/** Runs a program to its end and answers its stdout; its stderr is shown only when it fails, unless `inherit`. */
export function run(command, args, { cwd, env, inherit = false, codes = [0] } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', inherit ? 'inherit' : 'pipe'] });
    let out = '';
    let err = '';
    child.stdout.setEncoding('utf8').on('data', (text) => (out += text));
    child.stderr?.setEncoding('utf8').on('data', (text) => (err = (err + text).slice(-4_000)));
    child.once('error', (error) =>
      reject(new Trouble(error.code === 'ENOENT' ? `${command} is not installed` : `${command}: ${error.message}`)),
    );
    child.once('close', (code, signal) => {
      if (codes.includes(code)) resolve(out);
      else reject(new Trouble(`${command} ${args.join(' ')} ended with ${code ?? signal}\n${err.trim()}`));
    });
  });
}

/** Starts a program that goes on; `stop` ends it and waits. */
export function launch(command, args) {
  const child = spawn(command, args, { stdio: ['ignore', 'inherit', 'inherit'] });
  const exited = new Promise((resolve, reject) => {
    child.once('exit', resolve);
    child.once('error', reject);
  });
  exited.catch(() => undefined); // told to whoever waits for it
  return {
    pid: child.pid,
    exited,
    async stop() {
      child.kill('SIGTERM');
      await exited;
    },
  };
}

/** Asks again until `attempt` answers something, or the deadline has passed. */
export async function until(attempt, what, timeoutMs) {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const answer = await attempt().catch(() => undefined); // not there yet
    if (answer) return answer;
    if (performance.now() > deadline) throw new Trouble(`${what} took more than ${timeoutMs / 1_000} s`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Undoes things in the reverse order of their doing, also when the user ends us. */
export class Cleanups {
  #todo = [];

  constructor() {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
      process.once(signal, () => {
        console.error('interrupted: stopping everything');
        this.run().finally(() => process.exit(130));
      });
    }
  }

  /** Answers a function that does it now and forgets it. */
  add(undo) {
    this.#todo.push(undo);
    return async () => {
      this.#todo = this.#todo.filter((other) => other !== undo);
      await undo();
    };
  }

  async run() {
    while (this.#todo.length > 0) {
      try {
        await this.#todo.pop()();
      } catch (error) {
        console.error(error.message); // the rest must still be undone
      }
    }
  }
}

/** Runs a benchmark's `main` and undoes everything behind it; what went wrong makes exit code 1. */
export async function runMain(main, cleanups) {
  try {
    await main();
  } catch (error) {
    console.error(error instanceof Trouble ? error.message : error);
    process.exitCode = 1;
  } finally {
    await cleanups.run();
  }
}
