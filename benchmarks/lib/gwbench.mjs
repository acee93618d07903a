import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { CACHE, ROOT } from './paths.mjs';
import { freePort, launch, run, until } from './processes.mjs';

const PROGRAM = join(CACHE, 'gwbench');

/** Builds the measuring program (Go) and answers its path. */
export async function buildGwbench() {
  mkdirSync(CACHE, { recursive: true });
  await run('go', ['build', '-o', PROGRAM, '.'], { cwd: join(ROOT, 'benchmarks', 'gateway') });
  return PROGRAM;
}

/** The engine of all targets. */
export async function startUpstream(cleanups) {
  const address = `127.0.0.1:${await freePort()}`;
  const child = launch(PROGRAM, ['upstream', '-addr', address]);
  cleanups.add(() => child.stop());
  await until(async () => (await fetch(`http://${address}/health`)).ok, 'the start of the upstream', 10_000);
  return { address, pid: child.pid };
}

/** Measures; answers when all rounds are done. */
export async function measure(cleanups, upstream, targetsFile, { scenarios, out, ...numbers }) {
  const options = Object.entries(numbers).flatMap(([name, value]) =>
    value === undefined ? [] : [`-${name}=${value}`],
  );
  const child = launch(PROGRAM, [
    'run',
    `-config=${targetsFile}`,
    `-scenarios=${scenarios.join(',')}`,
    `-out=${out}`,
    `-upstream=${upstream.address}`,
    `-upstream-pid=${upstream.pid}`,
    ...options,
  ]);
  const undo = cleanups.add(() => child.stop());
  const code = await child.exited;
  await undo();
  if (code !== 0) throw new Error(`gwbench run ended with ${code}`);
}

export function report(roundsFile) {
  return run(PROGRAM, ['report', roundsFile]);
}
