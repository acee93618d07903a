import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** The release that is fetched when the machine has none. */
export const NATS_SERVER_VERSION = '2.15.2';
/** `sync_interval: always`, which the ledger's guarantee rests on, came with 2.10; 2.11 is the oldest line still mended. */
const OLDEST = [2, 11] as const;
const RELEASE = `https://github.com/nats-io/nats-server/releases/download/v${NATS_SERVER_VERSION}`;
const GO_PACKAGE = `github.com/nats-io/nats-server/v2@v${NATS_SERVER_VERSION}`;
/** A machine without a way out must fall through to Go quickly; a slow line still gets its 7 MB. */
const CONNECT_TIMEOUT_MS = 4_000;
const DOWNLOAD_TIMEOUT_MS = 60_000;
const GO_TIMEOUT_MS = 300_000;

type Env = Readonly<Record<string, string | undefined>>;

/** Where a fetched nats-server is kept for all checkouts of this user. */
export function natsServerCache(env: Env): string {
  const base = env['XDG_CACHE_HOME'] ?? join(env['HOME'] ?? homedir(), '.cache');
  return join(base, 'tandem', 'bin', `nats-server-${NATS_SERVER_VERSION}`);
}

/** The nats-server of this machine: on PATH when new enough, else the cached one. Null when there is neither. */
export async function findNatsServer(env: Env): Promise<string | null> {
  const onPath = (env['PATH'] ?? '')
    .split(delimiter)
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, 'nats-server'))
    .filter((path) => existsSync(path));
  for (const candidate of [...onPath, natsServerCache(env)]) {
    if (await isNewEnough(candidate)) return candidate;
  }
  return null;
}

/**
 * A usable nats-server's path: found, else downloaded, else built with Go.
 * @throws Error with one message that names every way to get one.
 */
export async function ensureNatsServer(env: Env, progress: (line: string) => void): Promise<string> {
  const found = await findNatsServer(env);
  if (found !== null) return found;
  const target = natsServerCache(env);
  const failures: string[] = [];
  const ways: [string, (folder: string) => Promise<string>][] = [
    [`download of v${NATS_SERVER_VERSION} from GitHub`, download],
    [`go install ${GO_PACKAGE}`, (folder) => goInstall(folder, env)],
  ];
  for (const [name, way] of ways) {
    progress(`nats-server: ${name}`);
    // The working folder stands beside the target, so that the last step is one atomic rename on the same disk.
    const folder = `${target}.${process.pid}`;
    try {
      mkdirSync(folder, { recursive: true });
      const binary = await way(folder);
      chmodSync(binary, 0o755);
      if (!(await isNewEnough(binary))) throw new Error('the result does not run here');
      renameSync(binary, target);
      return target;
    } catch (error) {
      failures.push(`${name}: ${reason(error)}`);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }
  throw new Error(
    `nats-server is not to be had (${failures.join('; ')}). Any one of these helps: set NATS_URL to a running server, ` +
      `put nats-server ${OLDEST.join('.')} or newer on PATH, allow the download from github.com, or install Go.`,
  );
}

async function isNewEnough(binary: string): Promise<boolean> {
  if (!existsSync(binary)) return false;
  try {
    const { stdout } = await run(binary, ['--version'], { timeout: 10_000 });
    const [major = 0, minor = 0] = (/v?(\d+)\.(\d+)/.exec(stdout)?.slice(1) ?? []).map(Number);
    return major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1]);
  } catch {
    return false; // not executable here: another architecture, or not a binary at all
  }
}

async function download(folder: string): Promise<string> {
  const platform = { linux: 'linux', darwin: 'darwin' }[process.platform as string];
  const arch = { x64: 'amd64', arm64: 'arm64', arm: 'arm7' }[process.arch as string];
  if (platform === undefined || arch === undefined)
    throw new Error(`no release for ${process.platform} ${process.arch}`);
  const name = `nats-server-v${NATS_SERVER_VERSION}-${platform}-${arch}`;
  // The sums are not pinned here: they are those that the release itself publishes, read over TLS. They guard against a
  // damaged or truncated download, not against somebody who could replace the release.
  const sums = (await fetchBytes(`${RELEASE}/SHA256SUMS`)).toString('utf8');
  const expected = sums
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .find(([, file]) => file?.replace(/^\*/, '') === `${name}.tar.gz`)?.[0];
  if (expected === undefined) throw new Error(`the release's SHA256SUMS does not name ${name}.tar.gz`);
  const archive = await fetchBytes(`${RELEASE}/${name}.tar.gz`);
  const actual = createHash('sha256').update(archive).digest('hex');
  if (actual !== expected) throw new Error(`SHA-256 of ${name}.tar.gz is ${actual}, the release says ${expected}`);
  writeFileSync(join(folder, 'release.tar.gz'), archive);
  await run('tar', ['-xzf', 'release.tar.gz', '--strip-components=1', `${name}/nats-server`], { cwd: folder });
  return join(folder, 'nats-server');
}

async function fetchBytes(url: string): Promise<Buffer> {
  const connecting = new AbortController();
  const timer = setTimeout(() => {
    connecting.abort(new Error(`no answer within ${CONNECT_TIMEOUT_MS / 1000} s`));
  }, CONNECT_TIMEOUT_MS);
  const signal = AbortSignal.any([connecting.signal, AbortSignal.timeout(DOWNLOAD_TIMEOUT_MS)]);
  try {
    const response = await fetch(url, { signal });
    clearTimeout(timer);
    if (!response.ok) throw new Error(`${new URL(url).hostname} answered ${response.status}`);
    return Buffer.from(await response.arrayBuffer());
  } finally {
    clearTimeout(timer);
  }
}

async function goInstall(folder: string, env: Env): Promise<string> {
  await run('go', ['install', GO_PACKAGE], {
    env: { ...env, HOME: env['HOME'] ?? tmpdir(), GOBIN: folder, GOFLAGS: goFlags(env) },
    timeout: GO_TIMEOUT_MS,
  });
  return join(folder, 'nats-server');
}

/** Go writes its module cache read-only, which would make a temporary HOME impossible to remove. */
function goFlags(env: Env): string {
  return `${env['GOFLAGS'] ?? ''} -modcacherw`.trim();
}

function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if ('code' in error && error.code === 'ENOENT' && 'path' in error) return `${String(error.path)} is not installed`;
  const cause = error.cause instanceof Error ? error.cause.message : '';
  const stderr = 'stderr' in error && typeof error.stderr === 'string' ? lastLine(error.stderr) : '';
  return stderr !== '' ? stderr : cause !== '' ? cause : lastLine(error.message);
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? '';
}

/** How one nats-server is to run. */
export interface NatsServerSettings {
  readonly port: number;
  /** Port of `/healthz`; none without. */
  readonly monitorPort?: number;
  readonly storeDir?: string;
  readonly user?: string;
  readonly password?: string;
}

/**
 * nats-server's configuration file. `max_payload` carries the largest request body (4 MiB) with room for its envelope;
 * `sync_interval: always` makes an ack mean "on the disk".
 */
export function natsServerConfig(settings: NatsServerSettings): string {
  const lines = ['host: "127.0.0.1"', `port: ${settings.port}`, 'max_payload: 8MiB'];
  if (settings.monitorPort !== undefined) lines.push(`http: "127.0.0.1:${settings.monitorPort}"`);
  if (settings.storeDir !== undefined) {
    lines.push(`jetstream { store_dir: ${JSON.stringify(settings.storeDir)}, sync_interval: always }`);
  }
  if (settings.user !== undefined && settings.password !== undefined) {
    lines.push(
      `authorization { user: ${JSON.stringify(settings.user)}, password: ${JSON.stringify(settings.password)} }`,
    );
  }
  return `${lines.join('\n')}\n`;
}

/** Writes the configuration file, readable by this user alone: it holds the password. Unchanged content stays untouched. */
export function writeNatsServerConfig(path: string, settings: NatsServerSettings): void {
  const text = natsServerConfig(settings);
  if (existsSync(path) && readFileSync(path, 'utf8') === text) return;
  writeFileSync(path, text, { mode: 0o600 });
}

/** The port of `/healthz` in a configuration file that was written here; null when it has none. */
export function natsMonitorPort(path: string): number | null {
  const port = existsSync(path) ? /^http: "127\.0\.0\.1:(\d+)"$/m.exec(readFileSync(path, 'utf8'))?.[1] : undefined;
  return port === undefined ? null : Number(port);
}
