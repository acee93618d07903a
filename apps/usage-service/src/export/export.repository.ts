import type { UsageFilter } from '#contracts/usage-queries';
import { Injectable } from '@nestjs/common';
import type { Place } from '../reports/place';
import { ReportDatabase } from '../reports/report-database';
import { Parameters, rowConditions, where } from '../reports/usage-filter';
import { CSV_COLUMNS, CsvPage } from './csv-page';

export interface ExportedPage {
  /** Lines of CSV; empty when there are no more. */
  lines: Buffer;
  /** Of the last line, where more may follow; null at the end of the part. */
  last: Place | null;
}

/** What a page may hold; whichever is reached first. */
export interface PageLimit {
  rows: number;
  bytes: number;
}

/** A row takes about 250 bytes; a page that is larger than this makes itself more room. */
const EXPECTED_ROW_BYTES = 280;

/** A part of the ledger: after one row, up to and with another. Null: from the first, to the last. */
export interface Part {
  after: Place | null;
  until: Place | null;
}

/** Reads the ledger as CSV, oldest first. */
@Injectable()
export class ExportRepository {
  constructor(private readonly database: ReportDatabase) {}

  /** The row that is `rows` rows further; null when there are not as many. */
  async placeAfter(filter: UsageFilter, after: Place | null, rows: number): Promise<Place | null> {
    const { parameters, conditions } = partOf(filter, { after, until: null });
    const sql = `
      SELECT request_id AS "requestId", to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS "createdAt"
      FROM usage.requests ${where(conditions)}
      ORDER BY created_at, request_id OFFSET ${parameters.add(rows - 1)} LIMIT 1`;
    const [place] = await this.database.query<Place & Record<string, unknown>>(sql, parameters.values);
    return place ?? null;
  }

  /** The lines of a part; where they are more than the limit, the first of them. One row there is in any case. */
  async page(filter: UsageFilter, part: Part, limit: PageLimit, expectedRows: number): Promise<ExportedPage> {
    const page = new CsvPage(expectedRows * EXPECTED_ROW_BYTES);
    const isFull = (row: Buffer): boolean => page.rows > 0 && page.size + 2 * row.length > limit.bytes;
    let left = 0;
    const { sql, values } = exportStatement(filter, part, limit.rows);
    await this.database.copy(sql, values, (row) => {
      if (left > 0 || isFull(row)) left++;
      else page.add(row);
    });
    return { lines: page.lines, last: left > 0 || page.rows === limit.rows ? page.last : null };
  }
}

/** The rows of a page. Exported for its plan (EXPLAIN). */
export function exportStatement(filter: UsageFilter, part: Part, rows: number): { sql: string; values: unknown[] } {
  const { parameters, conditions } = partOf(filter, part);
  const sql = `
    SELECT ${CSV_COLUMNS} FROM usage.requests ${where(conditions)}
    ORDER BY created_at, request_id LIMIT ${parameters.add(rows)}`;
  return { sql, values: parameters.values };
}

function partOf(filter: UsageFilter, { after, until }: Part): { parameters: Parameters; conditions: string[] } {
  const parameters = new Parameters();
  const conditions = rowConditions(filter, parameters);
  // A comparison of the time alone says nothing new, but partitions are chosen by it.
  if (after !== null) {
    const [at, id] = [parameters.add(after.createdAt), parameters.add(after.requestId)];
    conditions.push(`(created_at, request_id) > (${at}::timestamptz, ${id})`, `created_at >= ${at}::timestamptz`);
  }
  if (until !== null) {
    const [at, id] = [parameters.add(until.createdAt), parameters.add(until.requestId)];
    conditions.push(`(created_at, request_id) <= (${at}::timestamptz, ${id})`, `created_at <= ${at}::timestamptz`);
  }
  return { parameters, conditions };
}
