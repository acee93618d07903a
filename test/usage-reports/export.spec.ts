import { connect, type NatsConnection } from '@nats-io/transport-node';
import { parse } from 'csv-parse/sync';
import { Client as Postgres } from 'pg';
import { USAGE_CSV_COLUMNS, UsageQuerySubjects } from '#contracts/usage-queries';
import { eventually } from '#testing/eventually';
import { startSystem, type TestSystem } from '#testing/system';
import { Client } from './client';
import { finished, publish, started } from './events';

type Row = Record<string, string>;

/** More than sockets and pages on the way hold, so that a client that stops reading stops the export. */
const MANY = 80_000;
const PATH = '/api/usage/export.csv';

describe('the CSV export', () => {
  let system: TestSystem;
  let nats: NatsConnection;
  let database: Postgres;
  let admin: Client;

  beforeAll(async () => {
    system = await startSystem();
    nats = await connect({ servers: system.nats.url, maxReconnectAttempts: -1 });
    database = new Postgres({ connectionString: system.postgres.url });
    await database.connect();
    admin = Client.byKey(system.url, system.apiKey);
  });
  afterAll(async () => {
    await database.end();
    await nats.close();
    await system.stop();
  });

  /** Rows as an independent parser reads them, which refuses anything that is not RFC 4180. */
  function rowsOf(text: string): Row[] {
    expect(text.endsWith('\r\n')).toBe(true);
    return parse(text, { columns: true, bom: true, record_delimiter: '\r\n', relax_column_count: false });
  }

  async function exported(query: string, client = admin): Promise<Row[]> {
    const answer = await client.get(`${PATH}?${query}`);
    expect(answer.status).toBe(200);
    return rowsOf(await answer.text());
  }

  const stored = async (requestId: string): Promise<boolean> =>
    (await database.query('SELECT FROM usage.requests WHERE request_id = $1', [requestId])).rowCount === 1;

  /** A month full of finished requests of a model, written straight into the table. */
  async function fillMonth(model: string, count = MANY): Promise<void> {
    await database.query(
      `INSERT INTO usage.requests (request_id, created_at, user_id, user_email, endpoint, model, input_tokens, cached_tokens,
         output_tokens, reasoning_tokens, queue_ms, latency_ms, status_code, outcome, count_method, stream, state, owner)
       SELECT $1 || '-' || lpad(i::text, 8, '0'), now() - interval '1 hour' + i * interval '1 ms', 'u', 'u@example.org', '/api/chat',
         $1, 1, 0, i, 0, 0, 5, 200, 'completed', 'exact', true, 'finished', 'o' FROM generate_series(1, $2::integer) AS i`,
      [model, count],
    );
  }

  it('holds every row with all columns, oldest first, also the texts that a naive file would break at', async () => {
    const texts = [
      'plain',
      'with, a comma',
      'with "quotes"',
      'over\ntwo lines',
      'over\r\ntwo lines',
      ',"\r\n',
      '한국어 모델',
      "'already",
      ' with spaces ',
      '\\N',
    ];
    const rows = texts.map((model, at) =>
      finished({
        createdAt: 1_793_500_000_000 + at,
        userId: 'csv',
        model,
        profile: at % 2 === 0 ? null : model,
        keyId: model,
      }),
    );
    await publish(nats, rows);
    await eventually(() => stored(rows.at(-1)?.requestId ?? ''));
    const text = await (await admin.get(`${PATH}?user=csv`)).text();
    expect(text.slice(0, text.indexOf('\r\n'))).toBe(USAGE_CSV_COLUMNS.join(','));
    expect(rowsOf(text)).toEqual(
      rows.map((row) => ({
        request_id: row.requestId,
        created_at: new Date(row.createdAt).toISOString(),
        user_id: 'csv',
        user_email: row.userEmail,
        key_id: row.keyId,
        endpoint: row.endpoint,
        model: row.model,
        profile: row.profile ?? '',
        ctx_len: '8192',
        input_tokens: '9',
        cached_tokens: '4',
        output_tokens: '25',
        reasoning_tokens: '3',
        queue_ms: '1',
        ttft_ms: '12',
        latency_ms: '345',
        status_code: '200',
        outcome: 'completed',
        count_method: 'exact',
        error_code: '',
        stream: 'true',
      })),
    );
  });

  it('disarms what a spreadsheet would calculate, and nothing else', async () => {
    const evil = ['=1+1', '+1', '-1', '@SUM(A1)', '\t=1', '\r=1', '\n=1', '＝1', '＋1', '－1', '＠1', '=cmd|"/c",A1'];
    const harmless = ['a=1', '1-1', 'user@example.org'];
    const rows = [...evil, ...harmless].map((text, at) =>
      finished({ createdAt: 1_793_500_001_000 + at, userId: 'evil', userEmail: text, model: text, errorCode: text }),
    );
    await publish(nats, rows);
    await eventually(() => stored(rows.at(-1)?.requestId ?? ''));
    const cells = (await exported('user=evil')).map((row) => [row['user_email'], row['model'], row['error_code']]);
    expect(cells).toEqual([
      ...evil.map((text) => Array<string>(3).fill(`'${text}`)),
      ...harmless.map((text) => Array<string>(3).fill(text)),
    ]);
  });

  it('is a download that spreadsheets may know as UTF-8', async () => {
    const plain = await admin.get(`${PATH}?user=nobody`);
    expect(plain.headers.get('content-type')).toBe('text/csv; charset=utf-8; header=present');
    expect(plain.headers.get('content-disposition')).toBe('attachment; filename="tandem-usage.csv"');
    expect(await plain.text()).toBe(`${USAGE_CSV_COLUMNS.join(',')}\r\n`);
    const marked = Buffer.from(await (await admin.get(`${PATH}?user=nobody&bom=true`)).arrayBuffer());
    expect(marked.subarray(0, 3)).toEqual(Buffer.from([0xef, 0xbb, 0xbf]));
  });

  it('gives a user the own rows and nobody else’s', async () => {
    const kim = await admin.newUser('kim@example.org');
    const own = finished({ userId: kim.userId });
    await publish(nats, [own, finished({ userId: 'other' })]);
    await eventually(() => stored(own.requestId));
    expect((await exported('', kim)).map((row) => row['request_id'])).toEqual([own.requestId]);
    expect(await exported('user=other', kim)).toEqual([]);
  });

  it.each(['from=x', 'to=2026-13-01', 'bom=yes', 'cursor=x', 'outcome=x', 'model=%00'])(
    'of ?%s is a 400',
    async (query) => {
      expect((await admin.get(`${PATH}?${query}`)).status).toBe(400);
    },
  );

  it('has each row once and whole, although rows arrive and change while it is read', async () => {
    await fillMonth('busy');
    const running = started({ model: 'busy', createdAt: Date.now() - 1_000 });
    await publish(nats, [running]);
    await eventually(() => stored(running.requestId));
    const answer = await admin.get(`${PATH}?model=busy`);
    const reader = (answer.body as ReadableStream<Uint8Array>).getReader();
    const chunks = [(await reader.read()).value];
    const late = finished({ model: 'busy', createdAt: Date.now() + 60_000 });
    await publish(nats, [late, finished({ ...running, kind: 'finished', outputTokens: 77 })]);
    await database.query(
      `UPDATE usage.requests SET output_tokens = -1 WHERE model = 'busy' AND output_tokens % 1000 = 0`,
    );
    await eventually(() => stored(late.requestId));
    for (let read = await reader.read(); !read.done; read = await reader.read()) chunks.push(read.value);
    const rows = rowsOf(Buffer.concat(chunks as Uint8Array[]).toString());
    const ids = rows.map((row) => row['request_id']);
    expect(ids).toHaveLength(MANY + 1);
    expect(new Set(ids).size).toBe(MANY + 1);
    expect(ids).not.toContain(late.requestId);
    // Read after it ended: with its end.
    expect(rows.at(-1)).toMatchObject({ request_id: running.requestId, output_tokens: '77', outcome: 'completed' });
  });

  it('goes on over a restart of usage-service', async () => {
    await fillMonth('restarted');
    const answer = await admin.get(`${PATH}?model=restarted`);
    const reader = (answer.body as ReadableStream<Uint8Array>).getReader();
    const chunks = [(await reader.read()).value];
    await system.services['usage-service'].stop();
    const restarted = system.services['usage-service'].start();
    for (let read = await reader.read(); !read.done; read = await reader.read()) chunks.push(read.value);
    await restarted;
    expect(rowsOf(Buffer.concat(chunks as Uint8Array[]).toString())).toHaveLength(MANY);
  });

  it('breaks off, instead of ending, when it cannot be completed', async () => {
    await fillMonth('broken');
    const answer = await admin.get(`${PATH}?model=broken`);
    const reader = (answer.body as ReadableStream<Uint8Array>).getReader();
    await reader.read();
    await database.query('ALTER TABLE usage.requests RENAME TO requests_away');
    const readOn = async (): Promise<void> => {
      for (let read = await reader.read(); !read.done; read = await reader.read());
    };
    await expect(readOn()).rejects.toThrow('terminated');
    await database.query('ALTER TABLE usage.requests_away RENAME TO requests');
  });

  it('stops asking when its client leaves, and lets nobody run too many', async () => {
    await fillMonth('left');
    let pages = 0;
    const spy = nats.subscribe(UsageQuerySubjects.exportPage, {
      callback: () => {
        pages++;
      },
    });
    const leave = new AbortController();
    const begin = async (): Promise<Response> => {
      const answer = await admin.get(`${PATH}?model=left`, leave.signal);
      await answer.body?.getReader().read();
      return answer;
    };
    await Promise.all([begin(), begin()]);
    expect((await admin.get(`${PATH}?model=left`)).status).toBe(429);
    leave.abort();
    await eventually(async () => (await admin.get(`${PATH}?user=nobody`)).status === 200);
    // Two exports of forty pages each would have gone on.
    expect(pages).toBeLessThan(70);
    spy.unsubscribe();
  });
});
