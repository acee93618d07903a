import { Injectable } from '@nestjs/common';
import { DatabaseError } from 'pg';
import { DataSource, QueryFailedError } from 'typeorm';
import type { LedgerRow } from './merge-events';
import { MonthPartitions } from './month-partitions';

/** Column of the table -> name in the row: the columns of the CSV, and what the ledger itself needs. */
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
  input_tokens: ['inputTokens', 'integer'],
  cached_tokens: ['cachedTokens', 'integer'],
  output_tokens: ['outputTokens', 'integer'],
  reasoning_tokens: ['reasoningTokens', 'integer'],
  queue_ms: ['queueMs', 'integer'],
  ttft_ms: ['ttftMs', 'integer'],
  latency_ms: ['latencyMs', 'integer'],
  status_code: ['statusCode', 'smallint'],
  outcome: ['outcome', 'text'],
  count_method: ['countMethod', 'text'],
  error_code: ['errorCode', 'text'],
  stream: ['stream', 'boolean'],
  state: ['state', 'text'],
  owner: ['owner', 'text'],
  choices: ['choices', 'smallint'],
  engine_life: ['engineLife', 'text'],
} as const satisfies Record<string, readonly [keyof LedgerRow, string]>;

const NAMES = Object.keys(COLUMNS) as (keyof typeof COLUMNS)[];
const LIST = NAMES.join(', ');
const RANK = (state: string): string =>
  `array_position(ARRAY['started', 'checkpoint', 'closed', 'finished'], ${state})`;

/**
 * All rows as one JSON parameter: one statement, and so one transaction, whatever their number. The rows are locked in the
 * order of their keys, so that two usage-services never wait for each other in a circle.
 */
const UPSERT = `
  INSERT INTO usage.requests AS known (${LIST})
  SELECT ${LIST}
  FROM jsonb_to_recordset($1::jsonb) AS fresh (${NAMES.map((name) => `${name} ${COLUMNS[name][1]}`).join(', ')})
  ORDER BY created_at, request_id
  ON CONFLICT (created_at, request_id) DO UPDATE SET
    ${NAMES.filter((name) => name !== 'request_id' && name !== 'created_at')
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
  constructor(
    private readonly database: DataSource,
    private readonly months: MonthPartitions,
  ) {}

  /** @param rows at most one a request. One transaction: all or none. */
  async upsert(rows: readonly LedgerRow[]): Promise<void> {
    if (rows.length === 0) return;
    await this.months.ensure(rows.map((row) => row.createdAt));
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
