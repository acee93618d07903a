import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { CodedError } from '#contracts/errors';
import { DatabaseError, escapeLiteral, Pool, types, type PoolClient, type QueryResultRow } from 'pg';
import { CopyOut } from './copy-out';

/** A report that takes longer is given up: it must not outlive whoever asked. */
const STATEMENT_LIMIT_MS = 20_000;
const POOL_SIZE = 3;

/** Its type's number in Postgres (pg_type.dat). */
const BIGINT = 20;

/** SQLSTATE of a statement that ran into its limit. */
const QUERY_CANCELLED = '57014';

/**
 * Postgres for reports: connections of their own, that can only read and are few, so that no number of reports keeps the
 * ledger from being written. bigint comes as a number: tokens and milliseconds fit.
 */
@Injectable()
export class ReportDatabase implements OnModuleDestroy {
  private readonly pool: Pool;

  constructor(url: string) {
    this.pool = new Pool({
      connectionString: url,
      max: POOL_SIZE,
      connectionTimeoutMillis: 5_000,
      idleTimeoutMillis: 30_000,
      statement_timeout: STATEMENT_LIMIT_MS,
      // Times leave a COPY as the session writes them.
      options: '-c default_transaction_read_only=on -c TimeZone=UTC -c DateStyle=ISO',
      types: { getTypeParser: parserOf },
    });
    // An idle connection that breaks (Postgres restarted) is replaced at the next query.
    this.pool.on('error', () => undefined);
  }

  /** @throws CodedError `service_unavailable` when Postgres is away or the report takes too long. */
  async query<Row extends QueryResultRow>(sql: string, values: readonly unknown[]): Promise<Row[]> {
    const client = await this.connect();
    try {
      return (await client.query<Row>(sql, [...values])).rows;
    } catch (error) {
      throw readable(error);
    } finally {
      client.release();
    }
  }

  /**
   * Hands over the rows of a query as bytes in COPY's text format, null as nothing. They are to be used at once (`CopyOut`).
   * @throws CodedError as `query`.
   */
  async copy(query: string, values: readonly unknown[], take: (row: Buffer) => void): Promise<void> {
    const statement = `COPY (${withLiterals(query, values)}) TO STDOUT (NULL '')`;
    const client = await this.connect();
    try {
      await client.query(new CopyOut(statement, take)).done;
    } catch (error) {
      throw readable(error);
    } finally {
      client.release();
    }
  }

  async onModuleDestroy(): Promise<void> {
    await this.pool.end();
  }

  private async connect(): Promise<PoolClient> {
    try {
      return await this.pool.connect();
    } catch (cause) {
      throw new CodedError('service_unavailable', 'The usage database is away. Try again in a moment.', { cause });
    }
  }
}

/** COPY knows no parameters: each `$n` becomes the value itself, quoted by pg. */
function withLiterals(query: string, values: readonly unknown[]): string {
  return query.replace(/\$(\d+)/g, (_, number: string) => {
    const text = String(values[Number(number) - 1]);
    // Postgres would take it for the end of the statement.
    if (text.includes('\0')) throw new CodedError('invalid_value', 'A filter holds the character NUL.');
    return escapeLiteral(text);
  });
}

function parserOf(oid: number): (value: string) => unknown {
  return oid === BIGINT ? Number : (types.getTypeParser as (oid: number) => (value: string) => unknown)(oid);
}

function readable(error: unknown): unknown {
  if (error instanceof DatabaseError && error.code === QUERY_CANCELLED)
    return new CodedError('service_unavailable', 'This report takes too long. Ask for a shorter range.', {
      cause: error,
    });
  // Without a SQLSTATE it is the connection that broke.
  if (!(error instanceof DatabaseError))
    return new CodedError('service_unavailable', 'The usage database went away. Try again in a moment.', {
      cause: error,
    });
  return error;
}
