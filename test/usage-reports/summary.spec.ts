import { Client as Postgres } from 'pg';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import type { UsageFigures } from '#contracts/usage-queries';
import { eventually } from '#testing/eventually';
import { startSystem, type TestSystem } from '#testing/system';
import { Client } from './client';
import { finished, publish, started, type Finished } from './events';

type Line = UsageFigures & Record<string, unknown>;
interface Summary {
  items: Line[];
  groups: number;
  total: UsageFigures;
  percentileError: number;
}

const HOUR_MS = 3_600_000;
const FIRST = Date.parse('2026-10-05T00:00:00Z');
const OUTCOMES = ['completed', 'completed', 'completed', 'client_cancelled', 'error', 'upstream_truncated'] as const;
const SUMS = [
  'requests',
  'errors',
  'errorRate',
  'inputTokens',
  'cachedTokens',
  'outputTokens',
  'reasoningTokens',
] as const;

describe('the summary', () => {
  let system: TestSystem;
  let nats: NatsConnection;
  let database: Postgres;
  let admin: Client;
  let kim: Client;
  let rows: Finished[];

  beforeAll(async () => {
    system = await startSystem();
    nats = await connect({ servers: system.nats.url, maxReconnectAttempts: -1 });
    database = new Postgres({ connectionString: system.postgres.url });
    await database.connect();
    admin = Client.byKey(system.url, system.apiKey);
    kim = await admin.newUser('kim@example.org');
    const users = [kim.userId, 'user-b', 'user-c'];
    rows = Array.from({ length: 3_000 }, (_, at) =>
      finished({
        requestId: `r${at}`,
        // Ten days, every hour of them.
        createdAt: FIRST + at * (240 / 3_000) * HOUR_MS + at,
        userId: users[at % 3] ?? '',
        userEmail: at % 3 === 0 ? 'kim@example.org' : `${users[at % 3]}@example.org`,
        keyId: at % 5 === 0 ? null : `key-${at % 4}`,
        model: `model-${at % 7 === 0 ? 1 : 2}`,
        outcome: OUTCOMES[at % OUTCOMES.length] ?? 'completed',
        inputTokens: 100 + (at % 17),
        cachedTokens: at % 13,
        outputTokens: at % 101,
        reasoningTokens: at % 3,
        latencyMs: 50 + ((at * 7_919) % 20_000),
        ttftMs: at % 11 === 0 ? null : 5 + ((at * 104_729) % 900),
      }),
    );
    await publish(nats, [...rows, started({ createdAt: FIRST + HOUR_MS, userId: kim.userId })]);
    await eventually(async () => (await database.query('SELECT FROM usage.requests')).rowCount === rows.length + 1);
  });
  afterAll(async () => {
    await database.end();
    await nats.close();
    await system.stop();
  });

  async function summary(query: string, client = admin): Promise<Summary> {
    const answer = await client.get(`/api/usage/summary?${query}`);
    if (!answer.ok) throw new Error(`${answer.status}: ${await answer.text()}`);
    return (await answer.json()) as Summary;
  }

  /** The same figures, counted here. */
  function expected(of: readonly Finished[]): UsageFigures {
    const sum = (value: (row: Finished) => number): number => of.reduce((total, row) => total + value(row), 0);
    const errors = of.filter(({ outcome }) => !['completed', 'client_cancelled'].includes(outcome)).length;
    return {
      requests: of.length,
      errors,
      errorRate: errors / of.length,
      inputTokens: sum((row) => row.inputTokens),
      cachedTokens: sum((row) => row.cachedTokens),
      outputTokens: sum((row) => row.outputTokens),
      reasoningTokens: sum((row) => row.reasoningTokens),
      latencyMs: percentiles(of.map((row) => row.latencyMs)),
      ttftMs: percentiles(of.map((row) => row.ttftMs)),
    };
  }

  function percentiles(values: readonly (number | null)[]): { p50: number | null; p95: number | null } {
    const sorted = values.filter((value) => value !== null).sort((a, b) => a - b);
    const at = (fraction: number): number | null => sorted[Math.ceil(fraction * sorted.length) - 1] ?? null;
    return { p50: at(0.5), p95: at(0.95) };
  }

  /** Sums to the last one, percentiles within the error that the summary itself names. */
  function expectFigures(found: UsageFigures | undefined, of: readonly Finished[], percentileError: number): void {
    const wanted = expected(of);
    for (const name of SUMS) expect([name, found?.[name]]).toEqual([name, wanted[name]]);
    for (const name of ['latencyMs', 'ttftMs'] as const)
      for (const percentile of ['p50', 'p95'] as const) {
        const exact = wanted[name][percentile] ?? NaN;
        const off = Math.abs((found?.[name][percentile] ?? NaN) - exact);
        expect(off).toBeLessThanOrEqual(exact * percentileError + (percentileError > 0 ? 0.5 : 0));
      }
  }

  const sealedDays = async (): Promise<number> =>
    (await database.query(`SELECT FROM usage.sealed_days WHERE day >= '2026-10-05' AND day < '2026-10-15'`)).rowCount ??
    0;

  const GROUPINGS: [string, string, (row: Finished) => string | null][] = [
    ['user', 'userId', (row) => row.userId],
    ['key', 'keyId', (row) => row.keyId],
    ['model', 'model', (row) => row.model],
    ['day', 'day', (row) => new Date(row.createdAt).toISOString().slice(0, 10)],
  ];
  const RANGES: [string, (row: Finished) => boolean][] = [
    ['', () => true],
    ['from=2026-10-05&to=2026-10-14', () => true],
    [
      'from=2026-10-06T07:30:00Z&to=2026-10-12T16:45:00Z',
      (row) => row.createdAt >= Date.parse('2026-10-06T07:30Z') && row.createdAt < Date.parse('2026-10-12T16:45Z'),
    ],
    ['model=model-1', (row) => row.model === 'model-1'],
    ['key=key-2&outcome=error', (row) => row.keyId === 'key-2' && row.outcome === 'error'],
    [
      'from=2026-10-07&to=2026-10-08',
      (row) => row.createdAt >= Date.parse('2026-10-07Z') && row.createdAt < Date.parse('2026-10-09Z'),
    ],
  ];

  async function expectAll(groupBy: string, field: string, groupOf: (row: Finished) => string | null): Promise<void> {
    for (const [query, wanted] of RANGES) {
      const found = await summary(`groupBy=${groupBy}&${query}`);
      const of = rows.filter(wanted);
      const groups = new Set(of.map(groupOf));
      expect(new Set(found.items.map((item) => item[field]))).toEqual(groups);
      expect(found.groups).toBe(groups.size);
      for (const item of found.items)
        expectFigures(
          item,
          of.filter((row) => groupOf(row) === item[field]),
          found.percentileError,
        );
      expectFigures(found.total, of, found.percentileError);
      expect(found.percentileError).toBe(query === 'from=2026-10-07&to=2026-10-08' ? 0 : 0.05);
    }
  }

  it.each(GROUPINGS)('by %s has the figures of the rows before a day is rolled up', expectAll);

  it('by user names who it is, and shows a user the own line alone', async () => {
    const { items } = await summary('groupBy=user');
    expect(items.find((item) => item['userId'] === kim.userId)).toMatchObject({ userEmail: 'kim@example.org' });
    const own = await summary('groupBy=user', kim);
    expect(own.items.map((item) => item['userId'])).toEqual([kim.userId]);
    expectFigures(
      own.total,
      rows.filter((row) => row.userId === kim.userId),
      0.05,
    );
    expect((await summary('groupBy=model&user=user-b', kim)).items).toEqual([]);
  });

  it.each(['', 'groupBy=hour', 'groupBy=day&from=x', 'groupBy=day&groupBy=user', 'groupBy=day&limit=1'])(
    'of ?%s is a 400',
    async (query) => {
      expect((await admin.get(`/api/usage/summary?${query}`)).status).toBe(400);
    },
  );

  it('of nothing is empty', async () => {
    expect(await summary('groupBy=user&user=nobody')).toMatchObject({
      items: [],
      groups: 0,
      total: { requests: 0, errorRate: 0 },
    });
  });

  describe('from the rollup', () => {
    beforeAll(async () => {
      // usage-service rolls up what is over soon after its start.
      await system.restart('usage-service');
      await eventually(async () => (await sealedDays()) === 10, { timeoutMs: 60_000 });
    });

    it.each(GROUPINGS)('by %s has the same figures', expectAll);

    it('is what is read: it stays the same when the rows of a sealed day are gone', async () => {
      const before = await summary('groupBy=day');
      await database.query(`ALTER TABLE usage.requests RENAME TO requests_away`);
      await database.query(
        `CREATE VIEW usage.requests AS SELECT * FROM usage.requests_away WHERE created_at >= '2026-10-15'`,
      );
      const after = await summary('groupBy=day');
      await database.query(`DROP VIEW usage.requests`);
      await database.query(`ALTER TABLE usage.requests_away RENAME TO requests`);
      expect(after).toEqual(before);
    });

    it('has a request that comes late at once', async () => {
      const late = finished({
        requestId: 'late',
        createdAt: Date.parse('2026-10-09T10:00:00Z'),
        userId: 'user-b',
        model: 'model-1',
      });
      rows.push(late);
      await publish(nats, [late]);
      await eventually(
        async () => (await database.query(`SELECT FROM usage.requests WHERE request_id = 'late'`)).rowCount === 1,
      );
      for (const grouping of GROUPINGS) await expectAll(...grouping);
    });
  });
});
