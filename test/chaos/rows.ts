import { Client } from 'pg';

/** A row of the ledger as it stands in the database. */
export interface Row {
  readonly requestId: string;
  /** Epoch milliseconds. */
  readonly createdAt: number;
  readonly keyId: string | null;
  readonly stream: boolean;
  readonly state: string;
  readonly owner: string;
  readonly outcome: string | null;
  readonly statusCode: number | null;
  readonly errorCode: string | null;
  readonly inputTokens: number | null;
  readonly outputTokens: number | null;
  readonly countMethod: string | null;
  readonly ttftMs: number | null;
  readonly latencyMs: number | null;
}

/** Nothing more is expected of it: its owner has ended it, or the ledger has closed it for an owner that is gone. */
export function isOver({ state }: Row): boolean {
  return state === 'finished' || state === 'closed';
}

/** All of them, in the order in which the requests came. */
export async function readRows(databaseUrl: string): Promise<Row[]> {
  const client = new Client({ connectionString: databaseUrl, connectionTimeoutMillis: 5_000 });
  client.on('error', () => undefined); // Postgres may be ended under it; the query fails then
  await client.connect();
  try {
    const { rows } = await client.query<Row>(`
      SELECT request_id AS "requestId", (extract(epoch FROM created_at) * 1000)::float8 AS "createdAt", key_id AS "keyId",
        stream, state, owner, outcome, status_code AS "statusCode", error_code AS "errorCode",
        input_tokens::float8 AS "inputTokens", output_tokens::float8 AS "outputTokens", count_method AS "countMethod",
        ttft_ms::float8 AS "ttftMs", latency_ms::float8 AS "latencyMs"
      FROM usage.requests ORDER BY created_at`);
    return rows;
  } finally {
    await client.end();
  }
}
