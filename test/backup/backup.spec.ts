import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, unlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { Client } from 'pg';
import { startNats, type TestNats } from '#testing/nats';
import { startPostgres, type TestPostgres } from '#testing/postgres';
import { makeBackup, removeOld, restoreStreams, untilNext } from '../../tools/backup/backup';
import { DATABASE_FILES } from '../../tools/backup/base-backup';

const MANY_ROWS = 20_000;

describe('a backup of a Tandem at work', () => {
  let folder: string;
  let nats: TestNats;
  let postgres: TestPostgres;
  let connection: NatsConnection;
  let backup: string;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'tandem-backup-'));
    [nats, postgres] = await Promise.all([startNats({ jetstream: true }), startPostgres()]);
    connection = await connect({ servers: nats.url });
    await fillStream();
    await sql(
      postgres,
      'CREATE EXTENSION pg_trgm; CREATE TABLE answers (id int PRIMARY KEY, text text)',
      `INSERT INTO answers SELECT n, repeat(md5(n::text), 8) FROM generate_series(1, ${MANY_ROWS}) AS n`,
    );
    // Somebody writes all the while.
    const writing = sql(postgres, `INSERT INTO answers SELECT n, 'late' FROM generate_series(100000, 101000) AS n`);
    backup = await makeBackup(
      { natsUrl: nats.url, databaseUrl: postgres.url },
      folder,
      new Date('2026-11-21T03:30:00Z'),
    );
    await writing;
    // What comes after it is not in it.
    await sql(postgres, 'DELETE FROM answers');
  });
  afterAll(async () => {
    await connection.close();
    await Promise.all([nats.stop(), postgres.stop()]);
    rmSync(folder, { recursive: true, force: true });
  });

  /** Three events, the first of which was taken. */
  async function fillStream(): Promise<void> {
    const manager = await jetstreamManager(connection);
    await manager.streams.add({ name: 'USAGE', subjects: ['usage.v1.events'] });
    await manager.consumers.add('USAGE', { durable_name: 'ledger', ack_policy: 'explicit' });
    for (const event of ['one', 'two', 'three']) await jetstream(connection).publish('usage.v1.events', event);
    const consumer = await jetstream(connection).consumers.get('USAGE', 'ledger');
    const first = await consumer.next();
    expect(await first?.ackAck()).toBe(true);
  }

  async function sql(server: TestPostgres, ...statements: string[]): Promise<unknown[]> {
    const client = new Client({ connectionString: server.url });
    await client.connect();
    try {
      let rows: unknown[] = [];
      for (const statement of statements) ({ rows } = await client.query<Record<string, unknown>>(statement));
      return rows;
    } finally {
      await client.end();
    }
  }

  it('brings the database back as it was, and Postgres starts on it by itself', async () => {
    const restored = await startPostgres({
      fill: (dataDir) => execFileSync('tar', ['-xzf', join(backup, DATABASE_FILES.archive), '-C', dataDir]),
    });
    try {
      const kept = `SELECT count(*)::int AS rows, bool_and(text = repeat(md5(id::text), 8)) AS same FROM answers WHERE id <= ${MANY_ROWS}`;
      expect(await sql(restored, kept)).toEqual([{ rows: MANY_ROWS, same: true }]);
      // A transaction that ran is in it whole, or not at all.
      const [late] = (await sql(restored, `SELECT count(*)::int AS rows FROM answers WHERE text = 'late'`)) as {
        rows: number;
      }[];
      expect([0, 1001]).toContain(late?.rows);
    } finally {
      await restored.stop();
    }
  });

  it('brings the streams back with what each consumer had taken, on a server that has others by now', async () => {
    const fresh = await startNats({ jetstream: true });
    const other = await connect({ servers: fresh.url });
    try {
      const manager = await jetstreamManager(other);
      await manager.streams.add({ name: 'USAGE', subjects: ['usage.v1.events'] });
      await manager.streams.add({ name: 'LEFT_OVER', subjects: ['x'] });
      expect(await restoreStreams(fresh.url, backup)).toEqual(['USAGE']);
      expect((await manager.streams.info('USAGE')).state.messages).toBe(3);
      const next = await (await jetstream(other).consumers.get('USAGE', 'ledger')).next();
      expect(next?.string()).toBe('two');
      await expect(manager.streams.info('LEFT_OVER')).rejects.toThrow('stream not found');
    } finally {
      await other.close();
      await fresh.stop();
    }
  });

  it('is refused before anything is changed when a part of it is missing', async () => {
    const broken = `${backup}-broken`;
    execFileSync('cp', ['-r', backup, broken]);
    unlinkSync(join(broken, 'streams/USAGE.snapshot'));
    await expect(restoreStreams(nats.url, broken)).rejects.toThrow('is not whole: USAGE');
    expect((await (await jetstreamManager(connection)).streams.info('USAGE')).state.messages).toBe(3);
  });

  it('bears a date only when it is whole', async () => {
    const servers = { natsUrl: nats.url, databaseUrl: 'postgres://tandem@127.0.0.1:1/tandem' };
    const now = new Date('2026-11-22T03:30:00Z');
    await expect(makeBackup(servers, folder, now)).rejects.toThrow('ECONNREFUSED');
    expect(existsSync(join(folder, '20261122T033000Z'))).toBe(false);
  });

  it('is removed when it is old, but never the last one', () => {
    const shelf = join(folder, 'shelf');
    for (const name of ['20261101T033000Z', '20261110T033000Z', '20261120T033000Z', 'notes'])
      mkdirSync(join(shelf, name), { recursive: true });
    expect(removeOld(shelf, 7, new Date('2026-11-21T03:31:00Z'))).toEqual(['20261101T033000Z', '20261110T033000Z']);
    expect(removeOld(shelf, 7, new Date('2027-11-21T03:31:00Z'))).toEqual([]);
    expect(readdirSync(shelf).sort()).toEqual(['20261120T033000Z', 'notes']);
  });

  it.each([
    ['2026-11-21T03:29:00Z', 60_000],
    ['2026-11-21T03:30:00Z', 86_400_000],
    ['2026-11-21T12:00:00Z', 15.5 * 3_600_000],
  ])('is made at its time of day (%s)', (now, ms) => {
    expect(untilNext('03:30', new Date(now))).toBe(ms);
  });
});
