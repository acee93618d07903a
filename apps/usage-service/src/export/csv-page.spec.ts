import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { Client } from 'pg';
import { USAGE_CSV_COLUMNS } from '#contracts/usage-queries';
import { startPostgres, type TestPostgres } from '#testing/postgres';
import { ReportDatabase } from '../reports/report-database';
import { CSV_COLUMNS, CsvPage } from './csv-page';

/** Everything that Postgres' text can hold; often what a careless line would break at. */
const text = fc
  .array(
    fc.oneof(
      fc.constantFrom('"', ',', '\r', '\n', '\t', '\b', '\f', '\v', '\\', '=', '+', '-', '@', "'", '＝', '한', '\\N'),
      fc.string({ unit: 'grapheme' }),
    ),
    {
      maxLength: 6,
    },
  )
  .map((parts) => parts.join('').replaceAll('\0', ''));
const row = fc.record({
  requestId: text,
  createdAt: fc.integer({ min: 0, max: 4_102_444_799_999_000 }), // microseconds
  model: text,
  profile: fc.option(text),
  tokens: fc.option(fc.integer({ min: 0, max: 2_147_483_647 })),
  stream: fc.boolean(),
});

describe('a page of CSV', () => {
  let postgres: TestPostgres;
  let client: Client;
  let database: ReportDatabase;

  beforeAll(async () => {
    postgres = await startPostgres();
    client = new Client({ connectionString: postgres.url });
    await client.connect();
    await client.query(`CREATE TABLE requests (
      ${USAGE_CSV_COLUMNS.map((name) => `${name} ${typeOf(name)}`).join(', ')}, n serial)`);
    database = new ReportDatabase(postgres.url);
  });
  afterAll(async () => {
    await database.onModuleDestroy();
    await client.end();
    await postgres.stop();
  });

  it('is what any other reader of CSV takes for the rows, with formulas disarmed and times in milliseconds', async () => {
    const disarmed = (cell: string | null): string => (cell ?? '').replace(/^[\t\n\r+\-=@＋－＝＠]/, "'$&");
    await fc.assert(
      fc.asyncProperty(fc.array(row, { minLength: 1, maxLength: 20 }), async (rows) => {
        await client.query('TRUNCATE requests');
        for (const { requestId, createdAt, model, profile, tokens, stream } of rows)
          await client.query(
            `INSERT INTO requests (request_id, created_at, model, profile, input_tokens, stream)
             VALUES ($1, timestamptz 'epoch' + $2 * interval '1 microsecond', $3, $4, $5, $6)`,
            [requestId, createdAt, model, profile, tokens, stream],
          );
        const page = new CsvPage(10);
        await database.copy(`SELECT ${CSV_COLUMNS} FROM requests ORDER BY n`, [], (bytes) => {
          page.add(bytes);
        });
        const lines = parse(page.lines, { record_delimiter: '\r\n', relax_column_count: false });
        expect(lines).toEqual(
          rows.map(({ requestId, createdAt, model, profile, tokens, stream }) => {
            const cells = USAGE_CSV_COLUMNS.map(() => '');
            cells[0] = disarmed(requestId);
            cells[1] = new Date(Math.floor(createdAt / 1_000)).toISOString();
            cells[USAGE_CSV_COLUMNS.indexOf('model')] = disarmed(model);
            cells[USAGE_CSV_COLUMNS.indexOf('profile')] = disarmed(profile);
            cells[USAGE_CSV_COLUMNS.indexOf('input_tokens')] = tokens === null ? '' : String(tokens);
            cells[USAGE_CSV_COLUMNS.indexOf('stream')] = String(stream);
            return cells;
          }),
        );
        const last = await client.query<{ id: string; at: string }>(
          `SELECT request_id AS id, (extract(epoch FROM created_at) * 1000000)::bigint AS at FROM requests ORDER BY n DESC LIMIT 1`,
        );
        expect(page.last?.requestId).toBe(last.rows[0]?.id);
        expect(await microseconds(page.last?.createdAt)).toBe(last.rows[0]?.at);
      }),
      { numRuns: 100 },
    );
  });

  async function microseconds(time: string | undefined): Promise<string | undefined> {
    const found = await client.query<{ at: string }>(
      'SELECT (extract(epoch FROM $1::timestamptz) * 1000000)::bigint AS at',
      [time],
    );
    return found.rows[0]?.at;
  }
});

function typeOf(column: string): string {
  if (column === 'created_at') return 'timestamptz';
  if (column === 'stream') return 'boolean';
  return /_tokens$|_ms$|_len$|_code$/.test(column) && column !== 'error_code' ? 'integer' : 'text';
}
