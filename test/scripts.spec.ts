import { execFile, execFileSync, type ExecFileException } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { isInstalled } from '#testing/programs';
import { startTandem } from '#testing/tandem';

const ROOT = resolve(__dirname, '..');
const SCRIPTS = join(ROOT, 'scripts');
const names = readdirSync(SCRIPTS).filter((name) => name !== 'lib.sh');
const shellcheckIsHere = isInstalled('shellcheck');
if (!shellcheckIsHere) console.warn('shellcheck is not on this machine: the scripts are not read by it');

interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Without a terminal, as cron or another script would run it. */
function script(name: string, args: string[], env: Record<string, string> = {}): Promise<Ran> {
  const options = { env: { ...process.env, NODE_OPTIONS: '', ...env } };
  return new Promise((done) => {
    const child = execFile(join(SCRIPTS, name), args, options, (error: ExecFileException | null, stdout, stderr) =>
      done({ code: typeof error?.code === 'number' ? error.code : 0, stdout, stderr }),
    );
    child.stdin?.end();
  });
}

describe('the scripts', () => {
  let home: string;
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'tandem-scripts-'));
  });
  afterEach(() => rmSync(home, { recursive: true, force: true }));

  function log(name: string, lines: readonly (object | string)[]): void {
    mkdirSync(join(home, 'logs'), { recursive: true });
    const text = lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line)));
    writeFileSync(join(home, 'logs', name), `${text.join('\n')}\n`);
  }

  it.each(names)('%s says what it does and how it is called', async (name) => {
    const { code, stdout } = await script(name, ['--help']);
    expect(code).toBe(0);
    expect(stdout).toContain(`scripts/${name}`);
    expect(stdout.split('\n').length).toBeGreaterThan(2);
  });

  (shellcheckIsHere ? it : it.skip)('are what shellcheck takes without a word', () => {
    const files = ['start', 'stop', 'status', ...readdirSync(SCRIPTS).map((name) => `scripts/${name}`)];
    expect(execFileSync('shellcheck', ['-x', '-P', 'scripts', ...files], { cwd: ROOT, encoding: 'utf8' })).toBe('');
  });

  it('logs.sh shows the lines of an age and a level, each with the stack that belongs to it', async () => {
    const ago = (seconds: number): string => new Date(Date.now() - seconds * 1_000).toISOString();
    log('api-gateway.log.1', [{ level: 'error', time: ago(3_000), msg: 'rotated' }]);
    log('api-gateway.log', [
      { level: 'error', time: ago(2_000), msg: 'old' },
      { level: 'info', time: ago(3), msg: 'quiet' },
      { level: 'error', time: ago(2), msg: 'loud' },
      '    at somewhere (file.js:1:1)',
      { level: 'info', time: ago(1), msg: 'quiet again' },
    ]);
    const env = { TANDEM_HOME: home };
    const all = await script('logs.sh', ['gateway'], env);
    expect(all.stdout.match(/rotated|old|quiet again|quiet|loud|somewhere/g)).toEqual(
      ['rotated', 'old', 'quiet', 'loud', 'somewhere', 'quiet again'], // prettier-ignore
    );
    const some = await script('logs.sh', ['gateway', '--since', '10m', '--level', 'error'], env);
    expect(some.stdout.match(/rotated|old|quiet|loud|somewhere/g)).toEqual(['loud', 'somewhere']);
  });

  it.each([
    [['nothing'], 'There are: api-gateway'],
    [['../../secrets'], 'There are: api-gateway'],
    [[], 'There are: api-gateway'],
    [['gateway', '--since', 'yesterday'], 'such as 30s, 10m'],
    [['gateway', '--level', 'loud'], 'warn, error or fatal'],
    [['gateway', '--colour'], 'does not know --colour'],
  ])('logs.sh %j says what it wants', async (args, wish) => {
    log('api-gateway.log', ['{}']);
    const { code, stderr } = await script('logs.sh', args, { TANDEM_HOME: home });
    expect([code, stderr]).toEqual([1, expect.stringContaining(wish)]);
  });

  it('cleanup.sh deletes data only when it is told so, and only what is a home of Tandem', async () => {
    const env = { TANDEM_HOME: home };
    writeFileSync(join(home, 'precious'), '');
    const foreign = await script('cleanup.sh', ['--data', '--yes'], env);
    expect([foreign.code, foreign.stderr]).toEqual([1, expect.stringContaining('not the home of a Tandem')]);
    writeFileSync(join(home, 'secrets.json'), '{}');
    const unasked = await script('cleanup.sh', ['--data'], env);
    expect([unasked.code, unasked.stderr]).toEqual([1, expect.stringContaining('--yes')]);
    expect(existsSync(join(home, 'precious'))).toBe(true);
    const told = await script('cleanup.sh', ['--data', '--yes'], env);
    expect([told.code, existsSync(home)]).toEqual([0, false]);
  });

  it('setup.sh names a GPU where one answers, and what is missing', async () => {
    const smi = join(home, 'nvidia-smi');
    const card = '0, NVIDIA GeForce RTX 3090, 24576 MiB, 580.95.05';
    writeFileSync(smi, `#!/bin/sh\ncase "$1" in -L) echo "GPU 0: a card";; *) echo "${card}";; esac\n`, {
      mode: 0o755,
    });
    const { code, stdout } = await script('setup.sh', [], { NVIDIA_SMI_COMMAND: smi, VLLM_COMMAND: 'no-such-vllm' });
    expect(stdout).toContain(`GPU ${card}`);
    expect(stdout).toContain('vLLM is not installed');
    expect(code).toBe(stdout.includes('MISSING') ? 1 : 0);
  });

  it('status.sh, logs.sh and cleanup.sh know a Tandem that runs, and leave it its data', async () => {
    const tandem = await startTandem();
    try {
      const env = { TANDEM_HOME: tandem.home };
      expect((await script('status.sh', ['--json'], env)).code).toBe(0);
      expect((await script('logs.sh', ['chat', '--since', '10m'], env)).stdout).toContain('"msg"');
      const refused = await script('cleanup.sh', ['--data', '--yes'], env);
      expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining('Stop it first')]);
      expect((await script('stop.sh', [], env)).code).toBe(0);
      expect((await script('status.sh', [], env)).code).toBe(3);
    } finally {
      await tandem.stop();
    }
  });
});
