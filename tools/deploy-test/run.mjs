// `npm run test:deploy -- [--resume] [word...]`: each file of deploy/ is read by the program that will read it. Words choose
// checks whose name has one of them; with --resume those are left out that passed since the last run without it. A check whose programs are missing is skipped and said so; `get-tools.sh` gets what can be had.
// The last line is "N passed, N failed". docs/verification.md says what each check shows, and what it cannot.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { programs } from './programs.mjs';

const HERE = dirname(fileURLToPath(import.meta.url));
const ROOT = join(HERE, '../..');
const words = process.argv.slice(2).filter((word) => word !== '--resume');
const PASSED = join(ROOT, '.cache/test/deploy-passed.json');
const passed = process.argv.includes('--resume') && existsSync(PASSED) ? JSON.parse(readFileSync(PASSED, 'utf8')) : [];

/**
 * Each file of checks/ exports `checks`: { name, needs: programs, run(root) }; `run` throws when it fails,
 * and answers with { notRun: the reason } where it could not run.
 */
const files = readdirSync(join(HERE, 'checks')).filter((file) => file.endsWith('.mjs'));
const modules = await Promise.all(files.sort().map((file) => import(pathToFileURL(join(HERE, 'checks', file)).href)));
const chosen = modules
  .flatMap(({ checks }) => checks)
  .filter(({ name }) => words.length === 0 || words.some((word) => name.includes(word)))
  .filter(({ name }) => !passed.includes(name));
if (passed.length > 0) console.log(`passed before and left out: ${passed.length}`);

const total = { passed: 0, failed: 0 };
const skipped = [];
for (const { name, needs, run } of chosen) {
  const missing = needs.filter((program) => programs.find(program) === null);
  if (missing.length > 0) {
    skipped.push(`${name} (without ${missing.join(', ')})`);
    console.log(`SKIPPED  ${name}: ${missing.join(', ')} is not on this machine (tools/deploy-test/get-tools.sh)`);
    continue;
  }
  const began = performance.now();
  const seconds = () => `${((performance.now() - began) / 1_000).toFixed(1)} s`;
  try {
    const { notRun } = (await run(ROOT)) ?? {};
    if (notRun !== undefined) {
      skipped.push(`${name} (${notRun})`);
      console.log(`SKIPPED  ${name}: ${notRun}`);
      continue;
    }
    total.passed += 1;
    passed.push(name);
    mkdirSync(dirname(PASSED), { recursive: true });
    writeFileSync(PASSED, JSON.stringify(passed));
    console.log(`ok       ${name} (${seconds()})`);
  } catch (error) {
    total.failed += 1;
    console.log(`FAILED   ${name} (${seconds()})\n${String(error.message).replace(/^/gm, '         ')}`);
  }
}
if (skipped.length > 0) console.log(`\nNOT RUN, ${skipped.length}:\n  ${skipped.join('\n  ')}`);
console.log(`${total.passed} passed, ${total.failed} failed`);
process.exitCode = total.failed === 0 ? 0 : 1;
