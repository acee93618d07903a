import type { UsageFilter } from '#contracts/usage-queries';
import { Injectable } from '@nestjs/common';
import type { Place } from '../reports/place';
import { ReportDatabase } from '../reports/report-database';
import { Parameters, rowConditions, where } from '../reports/usage-filter';
import { CSV_LINE } from './csv-line';

export interface CsvPage {
  /** Lines of CSV; empty when there are no more. */
  lines: Buffer;
  /** Of the last line; null when no rows follow. */
  last: Place | null;
}

interface Stored {
  lines: string | null;
  rows: number;
  createdAt: string | null;
  requestId: string | null;
}

/** Reads the ledger as CSV, oldest first. */
@Injectable()
export class ExportRepository {
  constructor(private readonly database: ReportDatabase) {}

  /** @param rows at most. */
  async page(filter: UsageFilter, after: Place | null, rows: number): Promise<CsvPage> {
    const { sql, values } = exportStatement(filter, after, rows);
    const [page] = await this.database.query<Stored & Record<string, unknown>>(sql, values);
    if (page?.lines == null || page.createdAt === null || page.requestId === null)
      return { lines: Buffer.alloc(0), last: null };
    const last = { createdAt: page.createdAt, requestId: page.requestId };
    return { lines: Buffer.from(page.lines), last: page.rows < rows ? null : last };
  }
}

/** One row: the lines of a page joined by Postgres, and where it ends. Exported for its plan (EXPLAIN). */
export function exportStatement(
  filter: UsageFilter,
  after: Place | null,
  rows: number,
): { sql: string; values: unknown[] } {
  const parameters = new Parameters();
  const conditions = rowConditions(filter, parameters);
  if (after !== null) {
    const [at, id] = [parameters.add(after.createdAt), parameters.add(after.requestId)];
    // The second says nothing new, but partitions are chosen by it.
    conditions.push(`(created_at, request_id) > (${at}::timestamptz, ${id})`, `created_at >= ${at}::timestamptz`);
  }
  const sql = `
    SELECT string_agg(line, '') AS lines, count(*)::integer AS rows, (array_agg(request_id))[count(*)] AS "requestId",
      to_char(max(created_at) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS "createdAt"
    FROM (
      SELECT created_at, request_id, ${CSV_LINE} AS line
      FROM usage.requests ${where(conditions)}
      ORDER BY created_at, request_id LIMIT ${parameters.add(rows)}
    ) AS page`;
  return { sql, values: parameters.values };
}
