// Behind `npm test`: needs Node 20, npm and git; brings the rest. The last line is "N passed, N failed".
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { prepare } from '../launcher/prepare.mjs';
import { plainReason } from '../launcher/trouble.mjs';
import { runStep } from './step.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const logs = join(root, '.cache', 'test');
const log = (line) => console.log(line);

/** One test passed or failed each, whatever they found; the longest first. */
const CHECKS = [
  { name: 'lint', program: 'node_modules/eslint/bin/eslint.js', args: ['.'] },
  { name: 'format', program: 'node_modules/prettier/bin/prettier.cjs', args: ['--check', '--log-level=warn', '.'] },
  { name: 'types', program: 'node_modules/typescript/bin/tsc', args: ['--noEmit', '-p', 'tsconfig.json'] },
  { name: 'types of the web UI', program: 'node_modules/typescript/bin/tsc', args: ['-p', 'apps/web/tsconfig.json'] },
];

const total = { passed: 0, failed: 0 };

try {
  rmSync(logs, { recursive: true, force: true });
  mkdirSync(logs, { recursive: true });
  const node = await prepare(root, log);
  await inTurns([...CHECKS.map((check) => () => runCheck(node, check)), () => runVitest(node)]);
  if (await haveNatsServer(node)) await runJest(node);
} catch (error) {
  log(`npm test: ${plainReason(error)}`);
  total.failed += 1;
}
process.exitCode = total.failed === 0 ? 0 : 1;
log(`${total.passed} passed, ${total.failed} failed`);

/** Each is busy on one core; as many run at once as there are. */
async function inTurns(steps) {
  const waiting = [...steps];
  const lane = async () => {
    for (let step = waiting.shift(); step !== undefined; step = waiting.shift()) await step();
  };
  await Promise.all(Array.from({ length: availableParallelism() }, lane));
}

async function runCheck(node, { name, program, args }) {
  const { code } = await runStep(root, logs, name, node, [program, ...args], { atOnce: false });
  count(code === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 });
}

/** Once for all workers: each of them would fetch or build its own otherwise. */
async function haveNatsServer(node) {
  const { ensureNatsServer } = createRequire(import.meta.url)(
    join(root, 'dist/libs/common/src/servers/nats-server.js'),
  );
  try {
    log(`nats-server: ${await ensureNatsServer(process.env, log)}`);
    return true;
  } catch (error) {
    log(error.message);
    total.failed += 1;
    return false;
  }
}

/** The web UI's own parts; what needs a browser and the running system is Jest's. */
async function runVitest(node) {
  const results = join(logs, 'vitest.json');
  const args = ['node_modules/vitest/vitest.mjs', 'run', '--root', 'apps/web', '--reporter=default', '--reporter=json'];
  const { code } = await runStep(root, logs, 'vitest', node, [...args, `--outputFile.json=${results}`], {
    atOnce: false,
  });
  if (!existsSync(results)) {
    count({ passed: 0, failed: 1 });
    return;
  }
  const report = JSON.parse(readFileSync(results, 'utf8'));
  const failed = report.numFailedTests;
  count({ passed: report.numPassedTests, failed: code !== 0 && failed === 0 ? 1 : failed });
}

async function runJest(node) {
  const results = join(logs, 'jest.json');
  const args = ['node_modules/jest/bin/jest.js', '--ci', '--json', `--outputFile=${results}`, ...process.argv.slice(2)];
  const { code } = await runStep(root, logs, 'jest', node, args, {
    env: { NODE_OPTIONS: `${process.env.NODE_OPTIONS ?? ''} --experimental-vm-modules`.trim() },
  });
  if (!existsSync(results)) {
    log('jest ended without results');
    count({ passed: 0, failed: 1 });
    return;
  }
  const report = JSON.parse(readFileSync(results, 'utf8'));
  // A spec that cannot even be loaded has no tests to count.
  const failed = report.numFailedTests + report.numRuntimeErrorTestSuites;
  // Jest may also fail without a failed test: a leaked error, a worker that died.
  count({ passed: report.numPassedTests, failed: code !== 0 && failed === 0 ? 1 : failed });
}

function count({ passed, failed }) {
  total.passed += passed;
  total.failed += failed;
}
