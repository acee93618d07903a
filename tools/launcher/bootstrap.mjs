// Behind ./start, ./stop and ./status: brings dependencies and build, then hands over to the launcher under Node 24.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { nodeOf } from './deps.mjs';
import { prepare } from './prepare.mjs';
import { plainReason } from './trouble.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const launcher = join(root, 'dist', 'tools', 'launcher', 'src', 'main.js');
const [command, ...args] = process.argv.slice(2);

const log = (line) => process.stderr.write(`${line}\n`);

try {
  process.exitCode = await main();
} catch (error) {
  log(`./${command}: ${plainReason(error)}`);
  process.exitCode = 1;
}

async function main() {
  // A clone that was never built runs nothing: no need to install anything to say so.
  if (command !== 'start' && !existsSync(launcher)) return nothingRuns();
  return run(await programFor(), [launcher, command, ...args]);
}

/** Only a start installs and builds; the others must work when the registry is away or a source does not compile. */
function programFor() {
  if (command !== 'start' && existsSync(join(root, 'node_modules', 'node', 'bin', 'node'))) return nodeOf(root);
  return prepare(root, log);
}

function nothingRuns() {
  const json = args.includes('--json');
  if (command === 'stop') {
    console.log(json ? JSON.stringify({ stopped: [] }) : 'Tandem is not running.');
    return 0;
  }
  const status = { state: 'stopped', processes: [], engines: [], gpus: [], backend: null };
  console.log(json ? JSON.stringify(status) : 'Tandem is stopped.');
  return 3;
}

/** The launcher owns the terminal; Ctrl-C reaches it by itself, so this process only waits. */
function run(node, words) {
  for (const signal of ['SIGINT', 'SIGHUP']) process.on(signal, () => undefined);
  return new Promise((resolve, reject) => {
    const child = spawn(node, words, { stdio: 'inherit' });
    process.on('SIGTERM', () => child.kill('SIGTERM'));
    child.once('error', reject);
    child.once('exit', (code) => resolve(code ?? 1));
  });
}
