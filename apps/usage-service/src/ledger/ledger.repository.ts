import { Injectable } from '@nestjs/common';
import { DatabaseError } from 'pg';
import { DataSource, QueryFailedError } from 'typeorm';
import type { LedgerRow } from './merge-events';

/** Column of the table -> name in the row. `state`, `owner` and the columns of the CSV. */
const COLUMNS = {
  request_id: ['requestId', 'text'],
  created_at: ['createdAt', 'timestamptz'],
  user_id: ['userId', 'text'],
  user_email: ['userEmail', 'text'],
  key_id: ['keyId', 'text'],
  endpoint: ['endpoint', 'text'],
  model: ['model', 'text'],
  profile: ['profile', 'text'],
  ctx_len: ['ctxLen', 'integer'],
  input_tokens: ['inputTokens', 'bigint'],
  cached_tokens: ['cachedTokens', 'bigint'],
  output_tokens: ['outputTokens', 'bigint'],
  reasoning_tokens: ['reasoningTokens', 'bigint'],
  queue_ms: ['queueMs', 'bigint'],
  ttft_ms: ['ttftMs', 'bigint'],
  latency_ms: ['latencyMs', 'bigint'],
  status_code: ['statusCode', 'smallint'],
  outcome: ['outcome', 'text'],
  count_method: ['countMethod', 'text'],
  error_code: ['errorCode', 'text'],
  stream: ['stream', 'boolean'],
  state: ['state', 'text'],
  owner: ['owner', 'text'],
} as const satisfies Record<string, readonly [keyof LedgerRow, string]>;

const NAMES = Object.keys(COLUMNS) as (keyof typeof COLUMNS)[];
const LIST = NAMES.join(', ');
const RANK = (state: string): string => `array_position(ARRAY['started', 'checkpoint', 'finished'], ${state})`;

/**
 * All rows as one JSON parameter: one statement, and so one transaction, whatever their number. The rows are locked in the
 * order of their ids, so that two usage-services never wait for each other in a circle.
 */
const UPSERT = `
  INSERT INTO usage.requests AS known (${LIST})
  SELECT ${LIST}
  FROM jsonb_to_recordset($1::jsonb) AS fresh (${NAMES.map((name) => `${name} ${COLUMNS[name][1]}`).join(', ')})
  ORDER BY request_id
  ON CONFLICT (request_id) DO UPDATE SET
    ${NAMES.filter((name) => name !== 'request_id')
      .map((name) => `${name} = EXCLUDED.${name}`)
      .join(', ')},
    updated_at = now()
  WHERE ${RANK('EXCLUDED.state')} > ${RANK('known.state')}
     OR (known.state = 'checkpoint' AND EXCLUDED.state = 'checkpoint' AND EXCLUDED.output_tokens > known.output_tokens)`;

/** SQLSTATE classes that speak of the values themselves: data exception, integrity constraint violation. */
const FAULT_OF_THE_DATA = /^2[23]/;

/** Writes rows of the ledger. */
@Injectable()
export class LedgerRepository {
  constructor(private readonly database: DataSource) {}

  /** @param rows at most one a request. One transaction: all or none. */
  async upsert(rows: readonly LedgerRow[]): Promise<void> {
    if (rows.length === 0) return;
    const records = rows.map((row) =>
      Object.fromEntries(NAMES.map((name) => [name, name === 'created_at' ? isoTime(row) : row[COLUMNS[name][0]]])),
    );
    await this.database.query(UPSERT, [JSON.stringify(records)]);
  }

  /** Whether an error of `upsert` will come again for the same rows, however often they are tried. */
  static isFaultOfTheData(error: unknown): boolean {
    if (!(error instanceof QueryFailedError)) return false;
    const driverError: unknown = error.driverError;
    return driverError instanceof DatabaseError && FAULT_OF_THE_DATA.test(driverError.code ?? '');
  }
}

function isoTime(row: LedgerRow): string {
  return new Date(row.createdAt).toISOString();
}
