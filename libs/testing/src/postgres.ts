import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { freePort } from '#common/servers/free-port';
import {
  clusterFolder,
  ensureCluster,
  identity,
  postgresArguments,
  postgresPrograms,
  postgresUser,
} from '#common/servers/postgres-server';
import { postgresTakesSessions } from '#common/servers/probe';
import { ServerProcess } from './server-process';

/** A real Postgres of a test. */
export interface TestPostgres {
  /** Superuser's URL of the database `tandem`; the same after a restart. */
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** Makes one more empty database and hands back its URL: cheaper than one more server. */
  createDatabase(): Promise<string>;
  /** kill -9 of the postmaster; its children follow by themselves. */
  kill(): Promise<void>;
  /** Kills it where it still runs, and starts it again on the same port and data. */
  restart(): Promise<void>;
  /** Ends it and removes its data. */
  stop(): Promise<void>;
}

/** A test's data may be lost with the machine, not with the process: no waiting for the disk, but commits are written. */
const FAST = { fsync: 'off', full_page_writes: 'off' };

/**
 * Starts a Postgres on a free port, with trust authentication on loopback; an empty one takes about a second.
 * @param fill puts a cluster of an earlier one into its data folder, in place of an empty one.
 */
export async function startPostgres({ fill }: { fill?: (dataDir: string) => void } = {}): Promise<TestPostgres> {
  const user = postgresUser();
  const programs = postgresPrograms(user);
  const wished = mkdtempSync(join(tmpdir(), 'tandem-postgres-'));
  chmodSync(wished, 0o711); // mkdtemp closes it to Postgres' own user
  const folder = clusterFolder(wished, wished.slice(wished.lastIndexOf('/') + 1), user);
  const dataDir = join(folder, 'data');
  if (fill === undefined)
    await ensureCluster({ programs, user, dataDir, superuser: 'tandem', noSync: true, database: 'tandem' });
  else {
    mkdirSync(dataDir, { mode: 0o700 });
    fill(dataDir);
    if (user !== null) execFileSync('chown', ['-R', `${user.uid}:${user.gid}`, dataDir]);
  }
  const port = await freePort();
  const server = new ServerProcess({
    command: programs.postgres,
    args: postgresArguments(dataDir, port, FAST),
    logFile: join(folder, 'postgres.log'),
    folder,
    cwd: dataDir,
    stopSignal: 'SIGINT',
    ...identity(user),
  });
  const url = `postgres://tandem@127.0.0.1:${port}/tandem`;
  const ready = (): Promise<boolean> => postgresTakesSessions(port, 'tandem', 'tandem');
  await server.start(ready);
  let databases = 0;
  return {
    url,
    port,
    get pid() {
      return server.pid;
    },
    createDatabase: async () => {
      const name = `tandem_${++databases}`;
      const client = new Client({ connectionString: url });
      await client.connect();
      await client.query(`CREATE DATABASE ${name}`);
      await client.end();
      return `postgres://tandem@127.0.0.1:${port}/${name}`;
    },
    kill: () => server.kill(),
    restart: async () => {
      await server.kill();
      await server.start(ready);
    },
    stop: async () => {
      await server.stop();
      for (const path of new Set([wished, folder])) rmSync(path, { recursive: true, force: true });
    },
  };
}
