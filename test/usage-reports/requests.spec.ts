import { connect, type NatsConnection } from '@nats-io/transport-node';
import type { Outcome } from '#contracts/usage';
import type { UsageRequestsPage, UsageRow } from '#contracts/usage-queries';
import { eventually } from '#testing/eventually';
import { startSystem, type TestSystem } from '#testing/system';
import { finished, publish, started, type Finished } from './events';
import { Client } from './client';

const minute = (at: number): number => Date.parse('2026-11-10T12:00:00Z') + at * 60_000;

describe('the list of requests', () => {
  let system: TestSystem;
  let nats: NatsConnection;
  let admin: Client;
  let kim: Client;
  let lee: Client;
  let rows: Finished[];

  beforeAll(async () => {
    system = await startSystem();
    nats = await connect({ servers: system.nats.url });
    admin = Client.byKey(system.url, system.apiKey);
    [kim, lee] = [await admin.newUser('kim@example.org'), await admin.newUser('lee@example.org')];
    const outcomes: Outcome[] = ['completed', 'error', 'client_cancelled'];
    rows = Array.from({ length: 12 }, (_, at) =>
      finished({
        createdAt: minute(at),
        userId: at % 2 === 0 ? kim.userId : lee.userId,
        keyId: at % 4 === 0 ? 'key-of-kim' : null,
        model: at < 6 ? 'first' : 'second',
        outcome: outcomes[at % 3] ?? 'completed',
        outputTokens: at,
      }),
    );
    await publish(nats, [...rows, started({ requestId: 'still-running', createdAt: minute(20), userId: kim.userId })]);
    await eventually(async () => (await list(admin, '')).some(({ requestId }) => requestId === 'still-running'));
  });
  afterAll(async () => {
    await nats.close();
    await system.stop();
  });

  /** All pages of a list. */
  async function list(client: Client, query: string): Promise<UsageRow[]> {
    const items: UsageRow[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const answer = await client.get(`/api/usage/requests?${query}${cursor === '' ? '' : `&cursor=${cursor}`}`);
      const page = (await answer.json()) as UsageRequestsPage;
      items.push(...page.items);
      cursor = page.nextCursor;
    }
    return items;
  }

  const ids = (found: readonly { requestId: string }[]): string[] => found.map(({ requestId }) => requestId);
  const expected = (wanted: (row: Finished, at: number) => boolean): string[] => ids(rows.filter(wanted)).reverse();

  it('is newest first, page by page, each request once', async () => {
    expect(ids(await list(admin, 'limit=5'))).toEqual(['still-running', ...expected(() => true)]);
  });

  it('has the columns of the CSV in camelCase, with null for what is not known while it runs', async () => {
    const [running, newest] = await list(admin, '');
    const { kind: _kind, owner: _owner, choices: _choices, engineLife: _life, ...facts } = rows.at(-1) ?? finished();
    expect(newest).toEqual({ ...facts, createdAt: new Date(facts.createdAt).toISOString() });
    expect(running).toMatchObject({ outcome: null, latencyMs: null, outputTokens: null, stream: true });
  });

  it('shows a user nothing of others, whatever the filter', async () => {
    const own = expected((_row, at) => at % 2 === 1);
    expect(ids(await list(lee, ''))).toEqual(own);
    expect(await list(lee, `user=${kim.userId}`)).toEqual([]);
    expect(await list(lee, 'key=key-of-kim')).toEqual([]);
    expect(ids(await list(lee, `user=${lee.userId}`))).toEqual(own);
    expect(ids(await list(admin, `user=${lee.userId}`))).toEqual(own);
  });

  it.each<[string, (row: Finished, at: number) => boolean]>([
    ['key=key-of-kim', (row) => row.keyId !== null],
    ['model=second', (row) => row.model === 'second'],
    ['outcome=error', (row) => row.outcome === 'error'],
    ['model=first&outcome=completed', (row) => row.model === 'first' && row.outcome === 'completed'],
    ['from=2026-11-10T12:03:00Z&to=2026-11-10T12:07:00.000Z', (_row, at) => at >= 3 && at < 7],
    ['from=2026-11-10T21:03:00%2B09:00&to=2026-11-10T12:07Z', (_row, at) => at >= 3 && at < 7],
    ['from=2026-11-10&to=2026-11-10&outcome=error', (row) => row.outcome === 'error'],
    ['to=2026-11-09', () => false],
    ['from=2026-11-11', () => false],
    ["model=' OR 1=1 --", () => false],
  ])('of %s has these and no others', async (query, wanted) => {
    expect(ids(await list(admin, query))).toEqual(expected(wanted));
  });

  it.each([
    'from=yesterday',
    'from=2026-02-30',
    'from=',
    'to=1e308',
    'to=2026-11-10T12:00:00',
    'to=99999-01-01',
    'to=2026-11-09&from=2026-11-11',
    'outcome=fine',
    'limit=0',
    'limit=201',
    'limit=1&limit=2',
    'cursor=garbage',
    'cursor=',
    `cursor=${Buffer.from('["2026-11-10T12:00:00.000Z","a\\u0000"]').toString('base64url')}`,
    `cursor=${Buffer.from('["now()","a"]').toString('base64url')}`,
    `cursor=${Buffer.from('[1e308,{}]').toString('base64url')}`,
    'user=%00',
    'model=%00',
    'rows=all',
  ])('of ?%s is a 400 that names the parameter', async (query) => {
    const answer = await admin.get(`/api/usage/requests?${query}`);
    const { error } = (await answer.json()) as { error: { param: string } };
    expect([answer.status, error.param]).toEqual([400, query.split('=', 1)[0]]);
  });

  it('is for those who are known', async () => {
    expect((await fetch(`${system.url}/api/usage/requests`)).status).toBe(401);
  });

  it('is a 503 while usage-service is away, and comes back with it', async () => {
    await system.kill('usage-service');
    const answer = await admin.get('/api/usage/requests');
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '2']);
    await system.restart('usage-service');
    await eventually(async () => (await admin.get('/api/usage/requests')).status === 200);
  });
});
