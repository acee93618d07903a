import { Injectable } from '@nestjs/common';
import { DatabaseError } from 'pg';
import { DataSource, QueryFailedError } from 'typeorm';
import type { WitnessedEnd } from '#contracts/witnessed-ends';
import { HAVE_LEDGER_ALONE, SHARE_LEDGER } from './ledger-lock';
import { CLOSE_ORPHANS, CLOSE_WITNESSED, columnsOf, UPSERT, WITNESSED } from './ledger-sql';
import type { LedgerRow } from './merge-events';
import { MonthPartitions } from './month-partitions';

/** SQLSTATE classes that speak of the values themselves: data exception, integrity constraint violation. */
const FAULT_OF_THE_DATA = /^2[23]/;
/** Has the code of a check constraint, but is ours to mend: another service dropped the month in between. */
const NO_PARTITION = /^no partition of relation/;

/** Rows as Postgres takes them: all that this process has to do for them is done. */
export interface PreparedRows {
  readonly createdAt: readonly number[];
  /** One array a column. */
  readonly columns: string[];
}

/** How many requests were closed, by what was made of them. */
export interface ClosedOrphans {
  readonly completed: number;
  readonly interrupted: number;
}

/** @returns how many rows it wrote. */
type Write = (statement: string, parameters: unknown[]) => Promise<number>;

/** @param rows at most one a request. */
export function prepareRows(rows: readonly LedgerRow[]): PreparedRows {
  return { createdAt: rows.map((row) => row.createdAt), columns: columnsOf(rows) };
}

/** Writes rows of the ledger. */
@Injectable()
export class LedgerRepository {
  constructor(
    private readonly database: DataSource,
    private readonly months: MonthPartitions,
  ) {}

  /** One transaction: all or none. @returns how many rows are new or changed. */
  async upsert({ createdAt, columns }: PreparedRows): Promise<number> {
    if (createdAt.length === 0) return 0;
    await this.months.ensure(createdAt);
    try {
      return await this.locked(SHARE_LEDGER, (write) => write(UPSERT, columns));
    } catch (error) {
      if (isMissingPartition(error)) this.months.forget();
      throw error;
    }
  }

  /** Owners that may have left requests without an end. */
  async openOwners(): Promise<string[]> {
    const found = await this.database.query<{ owner: string }[]>(
      'SELECT owner FROM usage.owners WHERE closed_at IS NULL',
    );
    return found.map(({ owner }) => owner);
  }

  /**
   * Closes what this owner has not finished: as `completed` what a gateway has seen the end of, the rest as `interrupted`.
   * @returns how many requests that were.
   */
  async closeOrphans(owner: string, seen: readonly WitnessedEnd[]): Promise<ClosedOrphans> {
    // Alone: a start of this owner that is being written now is closed as well.
    return this.locked(HAVE_LEDGER_ALONE, async (write) => ({
      completed: seen.length === 0 ? 0 : await write(CLOSE_WITNESSED, [owner, ...columnsOf(seen, WITNESSED)]),
      interrupted: await write(CLOSE_ORPHANS, [owner]),
    }));
  }

  /** Whether an error of `upsert` will come again for the same rows, however often they are tried. */
  static isFaultOfTheData(error: unknown): boolean {
    return FAULT_OF_THE_DATA.test(databaseError(error)?.code ?? '') && !isMissingPartition(error);
  }

  private async locked<T>(lock: string, work: (write: Write) => Promise<T>): Promise<T> {
    return this.database.transaction(async (manager) => {
      await manager.query(lock);
      return work(async (statement, parameters) => {
        const [counted] = await manager.query<{ rows: number }[]>(statement, parameters);
        return counted?.rows ?? 0;
      });
    });
  }
}

function isMissingPartition(error: unknown): boolean {
  return NO_PARTITION.test(databaseError(error)?.message ?? '');
}

function databaseError(error: unknown): DatabaseError | null {
  if (!(error instanceof QueryFailedError)) return null;
  const driverError: unknown = error.driverError;
  return driverError instanceof DatabaseError ? driverError : null;
}
