import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { runMain } from '#common/service';
import { makeBackup, removeOld, restoreStreams, untilNext } from './backup';
import { DATABASE_FILES } from './base-backup';
import { loadSettings } from './config';

const USAGE = `usage: now FOLDER                        one backup below FOLDER
       nightly FOLDER                    one, then those older than BACKUP_KEEP_DAYS are removed: for a timer
       keep FOLDER                       one a day at BACKUP_AT, those older than BACKUP_KEEP_DAYS removed
       restore-database BACKUP DATA      unpacks the database into DATA, which must be empty or missing
       restore-streams BACKUP            puts the streams back; only NATS may run`;

type Settings = ReturnType<typeof loadSettings>;

runMain(async () => {
  const [command, folder, data] = process.argv.slice(2);
  if (folder === undefined) throw new Error(USAGE);
  switch (command) {
    case 'now':
      say({
        msg: 'backed up',
        backup: await makeBackup(loadSettings(process.env).servers, resolve(folder), new Date()),
      });
      return;
    case 'nightly':
      await nightly(loadSettings(process.env), resolve(folder));
      return;
    case 'keep':
      await keep(loadSettings(process.env), resolve(folder));
      return;
    case 'restore-database':
      if (data === undefined) throw new Error(USAGE);
      restoreDatabase(resolve(folder), resolve(data));
      return;
    case 'restore-streams': {
      const { servers } = loadSettings(process.env);
      say({ msg: 'restored', streams: await restoreStreams(servers.natsUrl, resolve(folder)) });
      return;
    }
    default:
      throw new Error(USAGE);
  }
});

/** Nothing is removed before a new one is whole. */
async function nightly({ servers, BACKUP_KEEP_DAYS }: Settings, folder: string): Promise<void> {
  const backup = await makeBackup(servers, folder, new Date());
  say({ msg: 'backed up', backup, removed: removeOld(folder, BACKUP_KEEP_DAYS, new Date()) });
}

/** Until it is stopped. A backup that fails is said, and the next one tried in its time. */
async function keep(settings: Settings, folder: string): Promise<void> {
  process.once('SIGTERM', () => process.exit(0));
  for (;;) {
    const inMs = untilNext(settings.BACKUP_AT, new Date());
    say({ msg: 'the next backup', at: new Date(Date.now() + inMs).toISOString() });
    await wait(inMs);
    try {
      await nightly(settings, folder);
    } catch (error) {
      say({ level: 'error', msg: 'the backup failed', reason: error instanceof Error ? error.message : String(error) });
    }
  }
}

/** @throws Error when something is in the way: nothing is ever overwritten. */
function restoreDatabase(backup: string, data: string): void {
  if (existsSync(data) && readdirSync(data).length > 0) throw new Error(`${data} is not empty; move it away first`);
  mkdirSync(data, { recursive: true, mode: 0o700 });
  execFileSync('tar', ['-xzf', join(backup, DATABASE_FILES.archive), '-C', data], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  say({ msg: 'the database is unpacked; it comes to one state when Postgres starts', data });
}

function say(line: { msg: string } & Record<string, unknown>): void {
  console.log(JSON.stringify({ level: 'info', time: new Date().toISOString(), ...line }));
}
