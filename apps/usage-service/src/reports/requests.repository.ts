import type { UsageRequestsQuery, UsageRow } from '#contracts/usage-queries';
import { Injectable } from '@nestjs/common';
import { ReportDatabase } from './report-database';
import type { Place } from './place';
import { Parameters, rowConditions, where } from './usage-filter';

type Stored = Omit<UsageRow, 'createdAt'> & { createdAt: Date };

const COLUMNS = `
  request_id AS "requestId", created_at AS "createdAt", user_id AS "userId", user_email AS "userEmail",
  key_id AS "keyId", endpoint, model, profile, ctx_len AS "ctxLen", input_tokens AS "inputTokens",
  cached_tokens AS "cachedTokens", output_tokens AS "outputTokens", reasoning_tokens AS "reasoningTokens",
  queue_ms AS "queueMs", ttft_ms AS "ttftMs", latency_ms AS "latencyMs", status_code AS "statusCode", outcome,
  count_method AS "countMethod", error_code AS "errorCode", stream`;

/** Reads rows of the ledger, newest first. */
@Injectable()
export class RequestsRepository {
  constructor(private readonly database: ReportDatabase) {}

  async page(query: UsageRequestsQuery & { after: Place | null }): Promise<UsageRow[]> {
    const { sql, values } = pageStatement(query);
    const rows = await this.database.query<Stored>(sql, values);
    return rows.map((row) => ({ ...row, createdAt: row.createdAt.toISOString() }));
  }
}

/** Exported for its plan (EXPLAIN) alone. */
export function pageStatement(query: UsageRequestsQuery & { after: Place | null }): { sql: string; values: unknown[] } {
  const { after, to } = query;
  const parameters = new Parameters();
  // Where a page begins before `to` anyway, that would only have the index read from there on: of two bounds Postgres takes
  // the first to begin with.
  const bound = after !== null && to !== null && Date.parse(after.createdAt) < Date.parse(to) ? null : to;
  const conditions = rowConditions({ ...query, to: bound }, parameters);
  if (after !== null)
    conditions.push(
      `(created_at, request_id) < (${parameters.add(after.createdAt)}::timestamptz, ${parameters.add(after.requestId)})`,
    );
  const sql = `SELECT ${COLUMNS} FROM usage.requests ${where(conditions)}
    ORDER BY created_at DESC, request_id DESC LIMIT ${parameters.add(query.limit)}`;
  return { sql, values: parameters.values };
}
