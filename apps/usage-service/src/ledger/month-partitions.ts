import { Injectable } from '@nestjs/common';
import { DataSource, type QueryRunner } from 'typeorm';

/** Of our transactions on partitions: two services never make or drop one at the same time. */
const PARTITION_LOCK = 7_215_001;

const DAY_MS = 86_400_000;

/** A month of the ledger in UTC: `2026-11`. */
export type Month = string;

export function monthOf(epochMs: number): Month {
  return new Date(epochMs).toISOString().slice(0, 'YYYY-MM'.length);
}

/** @param months how many later; negative for earlier. */
export function monthsAfter(month: Month, months: number): Month {
  const from = new Date(`${month}-01T00:00:00Z`);
  return monthOf(Date.UTC(from.getUTCFullYear(), from.getUTCMonth() + months, 1));
}

export function partitionOf(month: Month): string {
  return `requests_${month.replace('-', '_')}`;
}

/** The partitions of `usage.requests`, one a month. Rows of any time find one: a wrong clock loses nothing. */
@Injectable()
export class MonthPartitions {
  private readonly known = new Set<Month>();
  /** Days of these months, counted from the epoch: found without writing a date. */
  private readonly knownDays = new Set<number>();

  constructor(private readonly database: DataSource) {}

  /** Makes the partitions of these times where they are missing. Costs a look into a set when they are known. */
  async ensure(times: readonly number[]): Promise<void> {
    const missing = new Set<Month>();
    const days = new Set<number>();
    for (const time of times) {
      const day = Math.floor(time / DAY_MS);
      if (this.knownDays.has(day)) continue;
      days.add(day);
      missing.add(monthOf(time));
    }
    for (const month of missing) if (!this.known.has(month)) await this.ensureMonth(month);
    for (const day of days) this.knownDays.add(day);
  }

  async ensureMonth(month: Month): Promise<void> {
    await this.database.transaction(async ({ queryRunner }) => {
      if (queryRunner === undefined) throw new Error('a transaction without its query runner');
      await queryRunner.query('SELECT pg_advisory_xact_lock($1)', [PARTITION_LOCK]);
      if (!(await isThere(queryRunner, month))) await create(queryRunner, month);
    });
    this.known.add(month);
  }

  /** What was known may have been dropped by another service: the next write looks anew. */
  forget(): void {
    this.known.clear();
    this.knownDays.clear();
  }
}

async function isThere(runner: QueryRunner, month: Month): Promise<boolean> {
  const found = (await runner.query(
    `SELECT 1 FROM pg_inherits
     WHERE inhrelid = to_regclass($1) AND inhparent = 'usage.requests'::regclass AND NOT inhdetachpending`,
    [`usage.${partitionOf(month)}`],
  )) as unknown[];
  return found.length > 0;
}

/**
 * Room for the second version of every row, in percent that is filled at first: a request starts and ends, and only an
 * update that finds room on its row's page leaves the indexes alone. With 70 two of five did, and ends cost a third more;
 * the table is no larger for it, since what found no room went to other pages.
 */
const FILLFACTOR = 45;

/** Made apart and attached: `CREATE ... PARTITION OF` would wait for every reader, and all writers behind it. */
async function create(runner: QueryRunner, month: Month): Promise<void> {
  const name = `usage.${partitionOf(month)}`;
  const [from, to] = [month, monthsAfter(month, 1)].map((edge) => `${edge}-01T00:00:00Z`);
  await runner.query(`CREATE TABLE ${name} (LIKE usage.requests INCLUDING ALL) WITH (fillfactor = ${FILLFACTOR})`);
  await runner.query(`ALTER TABLE usage.requests ATTACH PARTITION ${name} FOR VALUES FROM ('${from}') TO ('${to}')`);
}
