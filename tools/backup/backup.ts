import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { natsTarget } from '#common/bus';
import { z } from 'zod';
import { backUpDatabase } from './base-backup';
import { backUpStream, restoreStream, streamNames, streamsIn } from './stream-backup';

/** Where both servers are. */
export interface Servers {
  readonly natsUrl: string;
  /** Of a role that may replicate. */
  readonly databaseUrl: string;
}

const aboutSchema = z.object({ madeAt: z.iso.datetime(), streams: z.array(z.string()) });

const STREAMS = 'streams';
const ABOUT = 'backup.json';
/** Its name is the time at which it began, UTC, to the second: 20261121T033000Z. */
const NAME = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/;

/**
 * Makes one backup below `folder` and answers its path. It grows under another name, so what bears a date is whole.
 *
 * Streams first: what they had handed over to the database by then is in the later copy of it, and what they still hold is
 * written into it again, where rows of the ledger are kept once by their request's id. The other way round would lose rows.
 */
export async function makeBackup(servers: Servers, folder: string, now: Date): Promise<string> {
  const target = join(folder, nameOf(now));
  const growing = `${target}.growing`;
  rmSync(growing, { recursive: true, force: true });
  mkdirSync(join(growing, STREAMS), { recursive: true, mode: 0o700 });
  const streams = await withNats(servers.natsUrl, async (connection) => {
    const names = await streamNames(connection);
    for (const name of names) await backUpStream(connection, name, join(growing, STREAMS));
    return names;
  });
  await backUpDatabase(servers.databaseUrl, growing);
  const about: z.output<typeof aboutSchema> = { madeAt: now.toISOString(), streams };
  writeFileSync(join(growing, ABOUT), `${JSON.stringify(about, null, 2)}\n`, { mode: 0o600 });
  renameSync(growing, target);
  return target;
}

/**
 * Puts the streams of a backup in place of those that are there; nothing else may use NATS meanwhile.
 * @throws Error when it is no whole backup, before anything is changed.
 */
export async function restoreStreams(natsUrl: string, backup: string): Promise<string[]> {
  const folder = join(backup, STREAMS);
  const { streams } = aboutSchema.parse(JSON.parse(readFileSync(join(backup, ABOUT), 'utf8')));
  const missing = streams.filter(
    (name) => !existsSync(join(folder, `${name}.json`)) || !streamsIn(folder).includes(name),
  );
  if (missing.length > 0) throw new Error(`${backup} is not whole: ${missing.join(', ')} is missing`);
  return withNats(natsUrl, async (connection) => {
    for (const name of await streamNames(connection)) await deleteStream(connection, name);
    for (const name of streams) await restoreStream(connection, name, folder);
    return streams;
  });
}

/** Removes backups that are older; the newest stays however old it is. Answers what is gone. */
export function removeOld(folder: string, keepDays: number, now: Date): string[] {
  const names = readdirSync(folder)
    .filter((name) => NAME.test(name))
    .sort();
  const oldest = nameOf(new Date(now.getTime() - keepDays * 86_400_000));
  const old = names.slice(0, -1).filter((name) => name < oldest);
  for (const name of old) rmSync(join(folder, name), { recursive: true });
  return old;
}

function nameOf(time: Date): string {
  return time
    .toISOString()
    .replace(/\.\d+Z$/, 'Z')
    .replace(/[-:]/g, '');
}

/** Milliseconds from `now` to the next time of day `at` ("03:30", UTC). */
export function untilNext(at: string, now: Date): number {
  const [hours = 0, minutes = 0] = at.split(':').map(Number);
  const next = new Date(now);
  next.setUTCHours(hours, minutes, 0, 0);
  if (next <= now) next.setUTCDate(next.getUTCDate() + 1);
  return next.getTime() - now.getTime();
}

async function deleteStream(connection: NatsConnection, name: string): Promise<void> {
  await connection.request(`$JS.API.STREAM.DELETE.${name}`, '', { timeout: 10_000 });
}

async function withNats<T>(url: string, work: (connection: NatsConnection) => Promise<T>): Promise<T> {
  const connection = await connect({ ...natsTarget(url), name: 'backup', timeout: 10_000 });
  try {
    return await work(connection);
  } finally {
    await connection.close();
  }
}
