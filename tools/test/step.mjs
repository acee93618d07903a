import { spawn } from 'node:child_process';
import { createWriteStream, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The slowest step, Jest, takes a few minutes on two cores. A step that hangs must not hang the whole run. */
const LIMIT_MS = 30 * 60_000;

/**
 * Runs one step of the tests, shows what it says and keeps it in a log. With `atOnce: false` it is shown when the step is
 * over, since others run beside it.
 */
export async function runStep(root, logs, name, node, args, { env = {}, atOnce = true } = {}) {
  const began = performance.now();
  const logFile = join(logs, `${name}.log`);
  if (atOnce) console.log(`\n== ${name}`);
  const code = await new Promise((resolve) => {
    const child = spawn(node, args, {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, CI: 'true', NODE_ENV: 'test', NO_COLOR: '1', ...env },
    });
    const limit = setTimeout(() => {
      console.log(`${name} did not end within ${LIMIT_MS / 60_000} minutes; killing it`);
      child.kill('SIGKILL');
    }, LIMIT_MS);
    const file = createWriteStream(logFile);
    for (const [stream, screen] of [
      [child.stdout, process.stdout],
      [child.stderr, process.stderr],
    ]) {
      // Jest's results come on stdout as JSON, a second time beside the file: nothing for a reader.
      if (atOnce && (name !== 'jest' || screen === process.stderr)) stream.pipe(screen, { end: false });
      stream.pipe(file, { end: false });
    }
    child.once('error', (error) => {
      clearTimeout(limit);
      console.log(`${name} cannot be run: ${error.message}`);
      resolve(1);
    });
    child.once('close', (exitCode) => {
      clearTimeout(limit);
      file.end(() => resolve(exitCode ?? 1));
    });
  });
  if (!atOnce) console.log(`\n== ${name}\n${readFileSync(logFile, 'utf8').trimEnd()}`);
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  console.log(`== ${name}: ${code === 0 ? 'ok' : `failed (exit ${code})`}, ${seconds} s; log: ${logFile}`);
  return { code };
}
