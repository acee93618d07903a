import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { programs, TOOLS } from '../programs.mjs';

/** scripts/benchmark.sh against a running system: k6 is built, streams are read, both reports are there; a plain k6 sees headers. */
async function benchmark(root) {
  const { startSystem } = createRequire(import.meta.url)(join(root, 'dist/libs/testing/src/system.js'));
  const system = await startSystem({ env: { VLLM_SIM_TOKENS_PER_SECOND: '500' } });
  const out = mkdtempSync(join(tmpdir(), 'tandem-load-'));
  try {
    for (const [scenario, duration] of [
      ['smoke', '5s'],
      ['ramp', '9s'],
      ['spike', '9s'],
      ['soak', '5s'],
    ]) {
      const words = [scenario, '--url', system.url, '--duration', duration, '--out', out];
      const { code, said } = await run(join(root, 'scripts/benchmark.sh'), words, system.apiKey);
      // 99: a promise did not hold. Seconds on a busy machine promise nothing; that it measured is what counts.
      if (code !== 0 && code !== 99) throw new Error(`benchmark.sh ${scenario} ended with ${code}:\n${said}`);
      const report = readFileSync(join(out, 'report.md'), 'utf8');
      const users = [...report.matchAll(/^\| +(\d+) +\| +(\d+) +\|/gm)].filter(
        ([, , requests]) => Number(requests) > 0,
      );
      if (users.length !== { smoke: 1, ramp: 3, spike: 2, soak: 1 }[scenario])
        throw new Error(`a stage measured nothing:\n${report}`);
      hasItsLengths(report);
      if (!readFileSync(join(out, 'report.html'), 'utf8').includes('<svg')) throw new Error('report.html has no chart');
    }
    symlinkSync(programs.find('k6') ?? join(TOOLS, 'k6-sse'), join(out, 'k6'));
    const words = ['smoke', '--url', system.url, '--duration', '5s', '--headers-only'];
    const { code, said } = await run(join(root, 'scripts/benchmark.sh'), words, system.apiKey, out);
    if (code !== 0 && code !== 99) throw new Error(`benchmark.sh --headers-only ended with ${code}:\n${said}`);
    if (!/checks_succeeded[^\n]*: 100/.test(said)) throw new Error(`a plain k6 measures nothing:\n${said}`);
  } finally {
    rmSync(out, { recursive: true, force: true });
    await system.stop();
  }
}

/** Prompts of 128 and 2,048 tokens, by the engine's own count. */
function hasItsLengths(report) {
  const counted = /128: (\d+), 2k: (\d+) tokens/.exec(report);
  const isOff = [128, 2_048].some((tokens, index) => Math.abs(Number(counted?.[index + 1]) / tokens - 1) > 0.05);
  if (counted === null || isOff) throw new Error(`prompts do not have their lengths:\n${report}`);
}

/** @param folder searched for programs after those of PATH */
function run(command, args, apiKey, folder = '/') {
  const env = { ...process.env, NODE_OPTIONS: '', TANDEM_API_KEY: apiKey, PATH: `${process.env.PATH}:${folder}` };
  const child = spawn(command, args, { env });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (said += data));
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, said })));
}

export const checks = [{ name: 'k6: scripts/benchmark.sh measures and reports', needs: ['go'], run: benchmark }];
