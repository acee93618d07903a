import { randomUUID } from 'node:crypto';
import { AccessSubjects, type AccessChanged, type UsersQuery } from '#contracts/access';
import { eventually } from '#testing/eventually';
import { startLedger, type TestLedger } from '../testing/ledger';
import { usageEvent } from '../testing/usage-event';
import { RetentionService } from './retention.service';

const DAY_MS = 86_400_000;
/** Past the retention of these tests, and a day of it. */
const LONG_AGO = Date.UTC(2024, 1, 10, 12);
const YESTERDAY = Date.now() - 2 * DAY_MS;

const SUMS = `count(*)::integer AS requests, sum(output_tokens)::integer AS tokens, sum(latency_ms)::integer AS ms,
  coalesce(sum(usage.duration_histogram(latency_ms)), 0)::text AS histogram`;

describe('the retention of the ledger', () => {
  let ledger: TestLedger;
  let retention: RetentionService;

  beforeAll(async () => {
    ledger = await startLedger({ USAGE_RETENTION_DAYS: '60' });
    retention = ledger.app.get(RetentionService);
    // Nobody is deleted, says the gateway, unless a test says otherwise.
    ledger.connection.subscribe(AccessSubjects.removedUsers, {
      callback: (_, message) => {
        const { userIds } = message.json<UsersQuery>();
        message.respond(JSON.stringify({ userIds: userIds.filter((id) => id.startsWith('deleted-')) }));
      },
    });
  });
  afterAll(() => ledger.stop());

  const finished = (createdAt: number, userId: string, outputTokens = 5) => ({
    ...usageEvent('finished', randomUUID(), outputTokens),
    createdAt,
    userId,
  });
  /** What a summary counts: rollups that are frozen or sealed, and the rows of all other days. */
  const summary = async (userId: string) => {
    const [sums] = await ledger.query<Record<string, unknown>>(
      `SELECT sum(requests)::integer AS requests, sum(tokens)::integer AS tokens, sum(ms)::integer AS ms, sum(histogram)::text AS histogram FROM (
         SELECT requests, output_tokens AS tokens, latency_ms AS ms, latency_histogram AS histogram FROM usage.rollup_days
         WHERE user_id = $1 AND (frozen OR day IN (SELECT day FROM usage.sealed_days))
         UNION ALL
         SELECT 1, output_tokens, latency_ms, usage.duration_histogram(latency_ms) FROM usage.requests
         WHERE user_id = $1 AND (created_at AT TIME ZONE 'UTC')::date NOT IN (SELECT day FROM usage.sealed_days)
       ) AS parts`,
      [userId],
    );
    return sums;
  };
  const rows = async (userId: string) =>
    (await ledger.query<Record<string, unknown>>(`SELECT ${SUMS} FROM usage.requests WHERE user_id = $1`, [userId]))[0];
  const partitions = async () =>
    (
      await ledger.query<{ name: string }>(
        `SELECT relname AS name FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid
         WHERE inhparent = 'usage.requests'::regclass ORDER BY relname`,
      )
    ).map(({ name }) => name);

  it('makes the partitions of this month and the two after it ahead of time', async () => {
    await retention.keep();
    const now = new Date();
    const expected = [0, 1, 2].map((ahead) => {
      const month = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + ahead, 1));
      return `requests_${month.toISOString().slice(0, 7).replace('-', '_')}`;
    });
    expect(await partitions()).toEqual(expect.arrayContaining(expected));
  });

  it('rolls up a day that is over, to the same sums as its rows, and again when a row comes late', async () => {
    const user = randomUUID();
    await ledger.publish(finished(YESTERDAY, user), finished(YESTERDAY, user, 8));
    await ledger.drained();
    await retention.keep();
    const sealed = await ledger.query('SELECT FROM usage.rollup_days WHERE user_id = $1', [user]);
    expect(sealed).toHaveLength(1);
    expect(await summary(user)).toEqual(await rows(user));
    await ledger.publish(finished(YESTERDAY + 1, user, 13));
    await ledger.drained();
    expect(await summary(user)).toEqual(await rows(user));
    expect(await summary(user)).toMatchObject({ requests: 3, tokens: 26 });
    await retention.keep();
    expect(await summary(user)).toMatchObject({ requests: 3, tokens: 26 });
  });

  it('drops a month that is past its time, keeps its sums, and counts what still comes of it', async () => {
    const user = randomUUID();
    await ledger.publish(finished(LONG_AGO, user), finished(LONG_AGO + DAY_MS, user, 8), finished(Date.now(), user, 1));
    await ledger.drained();
    const before = await summary(user);
    await retention.keep();
    expect(await partitions()).not.toContain('requests_2024_02');
    expect(await rows(user)).toMatchObject({ requests: 1 });
    expect(await summary(user)).toEqual(before);
    await ledger.publish(finished(LONG_AGO, user, 100));
    await ledger.drained();
    expect(await summary(user)).toMatchObject({ requests: 4, tokens: 114 });
    await retention.keep();
    expect(await partitions()).not.toContain('requests_2024_02');
    expect(await summary(user)).toMatchObject({ requests: 4, tokens: 114 });
  });

  it('does not drop a month in which a request has no end yet', async () => {
    const id = randomUUID();
    await ledger.publish({ ...usageEvent('started', id), createdAt: Date.UTC(2024, 4, 5) }, finished(Date.now(), 'u1'));
    await ledger.drained();
    await retention.keep();
    expect(await ledger.stateOf(id)).toBe('started');
  });

  it('drops nothing because of a clock that runs ahead: rows are old beside the newest one', async () => {
    const own = await startLedger({ USAGE_RETENTION_DAYS: '1' });
    const id = randomUUID();
    await own.publish({ ...usageEvent('finished', id, 1), createdAt: LONG_AGO });
    await own.drained();
    await own.app.get(RetentionService).keep();
    expect(await own.stateOf(id)).toBe('finished');
    await own.stop();
  });

  it('removes the e-mail of a user who is deleted, also from rows that come later', async () => {
    const user = `deleted-${randomUUID()}`;
    const emails = async () =>
      (
        await ledger.query<{ user_email: string }>('SELECT user_email FROM usage.requests WHERE user_id = $1', [user])
      ).map((row) => row.user_email);
    await ledger.publish(finished(Date.now(), user));
    await ledger.drained();
    expect(await emails()).toEqual(['a@example.com']);
    const news: AccessChanged = { kind: 'user', userId: user, ended: 'deleted' };
    ledger.connection.publish(AccessSubjects.changed, JSON.stringify(news));
    await eventually(async () => (await emails())[0] === '');
    await ledger.publish(finished(Date.now(), user));
    await ledger.drained();
    expect(await emails()).toEqual(['', '']);
  });

  it('asks who was deleted while nobody listened', async () => {
    const user = `deleted-${randomUUID()}`;
    await ledger.publish(finished(YESTERDAY, user));
    await ledger.drained();
    await retention.keep();
    const found = await ledger.query('SELECT user_email FROM usage.requests WHERE user_id = $1', [user]);
    expect(found).toEqual([{ user_email: '' }]);
  });
});
