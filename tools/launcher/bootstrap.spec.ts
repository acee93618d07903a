import { execFile, type ExecFileException } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const ROOT = join(__dirname, '..', '..');
const MODULES = ['bootstrap', 'build', 'build-web', 'deps', 'lock', 'prepare', 'trouble'];

interface Ran {
  code: number;
  output: string;
}

/** A checkout of nothing but the scripts that must work with nothing installed. */
describe('the bootstrap', () => {
  let checkout: string;

  const run = (program: string, args: string[], env: Record<string, string> = {}): Promise<Ran> =>
    new Promise((resolve) => {
      const options = { cwd: checkout, env: { ...process.env, NODE_OPTIONS: '', ...env } };
      execFile(program, args, options, (error: ExecFileException | null, stdout, stderr) => {
        resolve({ code: typeof error?.code === 'number' ? error.code : 0, output: stdout + stderr });
      });
    });

  beforeEach(() => {
    checkout = mkdtempSync(join(tmpdir(), 'tandem-checkout-'));
    const copy = (name: string): void => {
      cpSync(join(ROOT, name), join(checkout, name));
    };
    mkdirSync(join(checkout, 'tools', 'launcher'), { recursive: true });
    for (const name of MODULES) copy(join('tools', 'launcher', `${name}.mjs`));
    for (const name of ['start', 'stop', 'status', 'package.json', 'package-lock.json', '.swcrc']) copy(name);
  });

  afterEach(() => {
    rmSync(checkout, { recursive: true, force: true });
  });

  it('answers ./status and ./stop on a fresh clone without installing anything', async () => {
    const status = await run('./status', ['--json']);
    expect(status).toEqual({
      code: 3,
      output: '{"state":"stopped","processes":[],"engines":[],"gpus":[],"backend":null}\n',
    });
    expect(await run('./stop', [])).toEqual({ code: 0, output: 'Tandem is not running.\n' });
    expect(existsSync(join(checkout, 'node_modules'))).toBe(false);
  });

  it('says in one line that the registry cannot be reached', async () => {
    const { code, output } = await run('./start', [], {
      npm_config_registry: 'http://127.0.0.1:1',
      npm_config_cache: join(checkout, 'cache'),
      npm_config_fetch_retries: '0',
    });
    expect(code).toBe(1);
    expect(output.split('\n').at(-2)).toMatch(/^\.\/start: the npm registry could not be reached \(ECONNREFUSED\)/);
  });

  it('says in one line that npm is missing', async () => {
    mkdirSync(join(checkout, 'bin'));
    symlinkSync(process.execPath, join(checkout, 'bin', 'node'));
    symlinkSync('/bin/sh', join(checkout, 'bin', 'sh'));
    symlinkSync('/usr/bin/dirname', join(checkout, 'bin', 'dirname'));
    const { code, output } = await run('/bin/sh', ['./start'], { PATH: join(checkout, 'bin') });
    expect(code).toBe(1);
    expect(output).toContain('./start: npm was not found on PATH');
  });

  describe('the build', () => {
    const source = (): string => join(checkout, 'apps', 'one', 'src', 'main.ts');
    const built = (): string => join(checkout, 'dist', 'apps', 'one', 'src', 'main.js');
    const build = (): Promise<Ran> => run('node', ['tools/launcher/build.mjs']);

    beforeEach(() => {
      symlinkSync(join(ROOT, 'node_modules'), join(checkout, 'node_modules'));
      mkdirSync(join(checkout, 'apps', 'one', 'src'), { recursive: true });
      writeFileSync(source(), 'export const answer: number = 42;\n');
    });

    it('compiles what changed, and only that', async () => {
      expect((await build()).output).toBe('building 1 file\n');
      expect(readFileSync(built(), 'utf8')).toContain('42');
      expect(existsSync(`${built()}.map`)).toBe(true);
      expect((await build()).output).toBe('');
      writeFileSync(source(), 'export const answer: number = 43;\n');
      expect((await build()).output).toBe('building 1 file\n');
      expect(readFileSync(built(), 'utf8')).toContain('43');
    });

    it('removes what has no source any more, and keeps specs out', async () => {
      writeFileSync(source().replace('main.ts', 'main.spec.ts'), 'it("is not built", () => undefined);\n');
      await build();
      expect(existsSync(built().replace('main.js', 'main.spec.js'))).toBe(false);
      rmSync(source());
      await build();
      expect(existsSync(built())).toBe(false);
    });

    it('names the file that does not compile', async () => {
      writeFileSync(source(), 'export const = 42;\n');
      const { code, output } = await build();
      expect(code).toBe(1);
      expect(output).toContain('apps/one/src/main.ts does not compile');
    });
  });
});
