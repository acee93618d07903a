import type { UsageFilter } from '#contracts/usage-queries';
import { Injectable } from '@nestjs/common';
import type { Place } from '../reports/place';
import { ReportDatabase } from '../reports/report-database';
import { Parameters, rowConditions, where } from '../reports/usage-filter';
import { CSV_LINE } from './csv-line';

export interface CsvPage {
  /** Lines of CSV; empty when there are no more. */
  lines: Buffer;
  /** Of the last line, where more may follow; null at the end of the part. */
  last: Place | null;
}

/** As exact as Postgres holds it. */
const EXACT_TIME = (time: string): string => `to_char(${time} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`;

interface Stored {
  lines: string | null;
  rows: number;
  createdAt: string | null;
  requestId: string | null;
}

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
      SELECT request_id AS "requestId", ${EXACT_TIME('created_at')} AS "createdAt"
      FROM usage.requests ${where(conditions)}
      ORDER BY created_at, request_id OFFSET ${parameters.add(rows - 1)} LIMIT 1`;
    const [place] = await this.database.query<Place & Record<string, unknown>>(sql, parameters.values);
    return place ?? null;
  }

  /** @param rows at most. */
  async page(filter: UsageFilter, part: Part, rows: number): Promise<CsvPage> {
    const { sql, values } = exportStatement(filter, part, rows);
    const [page] = await this.database.query<Stored & Record<string, unknown>>(sql, values);
    if (page?.lines == null || page.createdAt === null || page.requestId === null)
      return { lines: Buffer.alloc(0), last: null };
    const last = { createdAt: page.createdAt, requestId: page.requestId };
    return { lines: Buffer.from(page.lines), last: page.rows < rows ? null : last };
  }
}

/** One row: the lines of a page joined by Postgres, and where it ends. Exported for its plan (EXPLAIN). */
export function exportStatement(filter: UsageFilter, part: Part, rows: number): { sql: string; values: unknown[] } {
  const { parameters, conditions } = partOf(filter, part);
  const sql = `
    SELECT string_agg(line, '') AS lines, count(*)::integer AS rows, (array_agg(request_id))[count(*)] AS "requestId",
      ${EXACT_TIME('max(created_at)')} AS "createdAt"
    FROM (
      SELECT created_at, request_id, ${CSV_LINE} AS line
      FROM usage.requests ${where(conditions)}
      ORDER BY created_at, request_id LIMIT ${parameters.add(rows)}
    ) AS page`;
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
