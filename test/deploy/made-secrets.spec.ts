import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parse } from 'yaml';
import { isInstalled } from '#testing/programs';

const DEPLOY = resolve(__dirname, '../../deploy');
const KEY = /^[0-9a-f]{64}\n$/;
const OWN_KEY = 'ab'.repeat(32);

const read = (...path: string[]): string => readFileSync(join(...path), 'utf8');

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'tandem-secrets-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const HERE = isInstalled('openssl') ? describe : describe.skip;
if (!isInstalled('openssl')) console.warn('openssl is not on this machine: deploy/compose/setup.sh is not tested');

HERE('setup.sh of compose', () => {
  function setUp(): void {
    copyFileSync(join(DEPLOY, 'compose/setup.sh'), join(folder, 'setup.sh'));
    execFileSync('sh', ['setup.sh'], { cwd: folder, stdio: 'pipe' });
  }

  it('makes every secret that compose.yaml names, once', () => {
    const { secrets } = parse(read(DEPLOY, 'compose/compose.yaml')) as { secrets: Record<string, { file: string }> };
    setUp();
    expect(
      Object.values(secrets)
        .map(({ file }) => file)
        .filter((file) => !existsSync(join(folder, file))),
    ).toEqual([]);
    const key = read(folder, 'secrets/settings_encryption_key');
    expect(key).toMatch(KEY);
    setUp();
    expect(read(folder, 'secrets/settings_encryption_key')).toBe(key);
  });

  it('takes the key that an operator gave to chat-service before, which takes it once only', () => {
    writeFileSync(join(folder, 'tandem.env'), `LOG_LEVEL=info\nSETTINGS_ENCRYPTION_KEY="${OWN_KEY}"\n`);
    setUp();
    expect(read(folder, 'secrets/settings_encryption_key')).toBe(`${OWN_KEY}\n`);
    expect(read(folder, 'tandem.env')).toBe('LOG_LEVEL=info\n');
  });
});

describe('install.sh of systemd', () => {
  const settings = (): string => join(folder, 'etc/tandem/chat-service.env');

  /** Below a folder; NATS is only looked for. */
  function install(): void {
    const programs = join(folder, 'bin');
    mkdirSync(programs, { recursive: true });
    writeFileSync(join(programs, 'nats-server'), '', { mode: 0o755 });
    const env = { ...process.env, PATH: `${programs}:${process.env['PATH'] ?? ''}` };
    execFileSync('sh', [join(DEPLOY, 'systemd/install.sh'), '--root', folder], { env, stdio: 'pipe' });
  }

  const named = (): string[] => read(settings()).match(/^SETTINGS_ENCRYPTION_KEY.*$/gm) ?? [];

  it('makes the key for stored keys of other servers, also where an older version is installed', () => {
    install();
    const secret = 'secrets_settings_encryption_key';
    const line = `SETTINGS_ENCRYPTION_KEY_FILE=/run/credentials/tandem@chat-service.service/${secret}`;
    expect(named()).toEqual([line]);
    const key = read(folder, 'etc/tandem/secrets/chat-service/settings_encryption_key');
    expect(key).toMatch(KEY);
    writeFileSync(settings(), read(settings()).replace(`${line}\n`, ''));
    install();
    install();
    expect(named()).toEqual([line]);
    expect(read(folder, 'etc/tandem/secrets/chat-service/settings_encryption_key')).toBe(key);
  });

  it('leaves the key that an operator has given to chat-service', () => {
    install();
    writeFileSync(settings(), `SETTINGS_ENCRYPTION_KEY=${OWN_KEY}\n`);
    install();
    expect(named()).toEqual([`SETTINGS_ENCRYPTION_KEY=${OWN_KEY}`]);
  });
});
