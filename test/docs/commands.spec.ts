import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { isInstalled } from '#testing/programs';
import { startSystem, type TestSystem } from '#testing/system';
import { NEEDS, shellBlocks } from './shell-blocks';

const ROOT = resolve(__dirname, '../..');
const HERE = isInstalled('curl') && isInstalled('bash') ? it : it.skip;
if (!isInstalled('curl')) console.warn('curl is not on this machine: the commands of the docs are not run');

/** Commands that another test runs: how they begin, which test it is, and the words in it by which it is known. */
const RUN_ELSEWHERE: readonly [RegExp, string, string][] = [
  [/^git clone .* && cd tandem$/, 'test/launcher.spec.ts', 'describe('],
  [/^\.\/(start|stop|status)$/, 'libs/testing/src/tandem.ts', 'LAUNCHER'],
  [/^scripts\/logs\.sh /, 'test/scripts.spec.ts', "script('logs.sh'"],
  [/^scripts\/setup\.sh$/, 'test/scripts.spec.ts', "script('setup.sh'"],
  [/syft/, 'tools/deploy-test/checks/files.mjs', 'syft'],
  [/^scripts\/benchmark\.sh/, 'tools/deploy-test/checks/load.mjs', 'scripts/benchmark.sh'],
];

const blocks = shellBlocks(ROOT);
const open = blocks.filter(({ needs }) => needs === null);
const isRunHere = (command: string): boolean => /^(curl|export TANDEM_API_KEY=)/.test(command);

describe('commands in the docs', () => {
  it('are many', () => {
    expect(open.length).toBeGreaterThan(15);
  });

  it.each(blocks.filter(({ needs }) => needs !== null).map(({ place, needs }) => [place, needs]))(
    'of %s need what this project has a word for: %s',
    (_place, needs) => {
      expect(Object.keys(NEEDS)).toContain(needs);
    },
  );

  it.each(open.flatMap(({ place, commands }) => commands.filter((one) => !isRunHere(one)).map((one) => [place, one])))(
    'of %s are run by another test: %s',
    (_place, command) => {
      const [, file, words] = RUN_ELSEWHERE.find(([pattern]) => pattern.test(command)) ?? [];
      // Else: run it here, name the test that runs it, or say behind the fence what it needs.
      expect(file).toBeDefined();
      expect(readFileSync(join(ROOT, file!), 'utf8')).toContain(words);
    },
  );

  describe('that ask a running Tandem', () => {
    let system: TestSystem;
    let folder: string;
    let switchId = '';
    beforeAll(async () => {
      folder = mkdtempSync(join(tmpdir(), 'tandem-docs-'));
      system = await startSystem({ env: { VLLM_SIM_TOKENS_PER_SECOND: '2000', BENCHMARK_AFTER_CHANGE: 'false' } });
    });
    afterAll(async () => {
      await system.stop();
      rmSync(folder, { recursive: true, force: true });
    });

    /** Each once: pages in two languages have the same ones. */
    const asked = new Map(
      open.flatMap(({ place, commands }) =>
        commands.filter((one) => one.startsWith('curl')).map((one): [string, string] => [one, place]),
      ),
    );
    HERE.each([...asked])('are answered: %s (%s)', async (command) => {
      const here = command
        .replace(/http:\/\/(127\.0\.0\.1|localhost):8080/g, system.url)
        .replace(/SWITCH_ID/g, switchId)
        .replace(/^curl /, 'curl --silent --show-error --fail-with-body --max-time 60 ');
      const answer = await shell(here);
      switchId = /"switchId":"([^"]+)"/.exec(answer)?.[1] ?? switchId;
      if (answer.includes('data: ')) expect(answer).toMatch(/data: \[DONE\]\s*$/);
    });

    function shell(command: string): Promise<string> {
      const { apiKey } = system;
      const env = { PATH: process.env['PATH'], TANDEM_API_KEY: apiKey, KEY: apiKey, ADMIN_TOKEN: apiKey };
      return new Promise((done, fail) => {
        execFile('bash', ['-c', command], { env, cwd: folder }, (error, stdout, stderr) => {
          if (error === null) done(stdout);
          else fail(new Error(`${command}\n${stderr}${stdout}`));
        });
      });
    }
  });
});
