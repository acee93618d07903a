import type { UsageRow } from '#contracts/usage-queries';
import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { ReadQuery } from './requests-page';

type Stored = Omit<UsageRow, 'createdAt'> & { createdAt: Date };

const SELECT = `
  SELECT request_id AS "requestId", created_at AS "createdAt", user_id AS "userId", user_email AS "userEmail",
    key_id AS "keyId", endpoint, model, profile, ctx_len AS "ctxLen", input_tokens AS "inputTokens",
    cached_tokens AS "cachedTokens", output_tokens AS "outputTokens", reasoning_tokens AS "reasoningTokens",
    queue_ms AS "queueMs", ttft_ms AS "ttftMs", latency_ms AS "latencyMs", status_code AS "statusCode", outcome,
    count_method AS "countMethod", error_code AS "errorCode", stream
  FROM usage.requests`;

/** Reads rows of the ledger, newest first. */
@Injectable()
export class RequestsRepository {
  constructor(private readonly database: DataSource) {}

  async page({ userId, after, limit }: ReadQuery): Promise<UsageRow[]> {
    const values: unknown[] = [];
    const parameter = (value: unknown): string => `$${values.push(value)}`;
    const conditions: string[] = [];
    if (userId !== null) conditions.push(`user_id = ${parameter(userId)}`);
    if (after !== null)
      conditions.push(
        `(created_at, request_id) < (${parameter(after.createdAt)}::timestamptz, ${parameter(after.requestId)})`,
      );
    const where = conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`;
    const rows: Stored[] = await this.database.query(
      `${SELECT} ${where} ORDER BY created_at DESC, request_id DESC LIMIT ${parameter(limit)}`,
      values,
    );
    return rows.map((row) => ({ ...row, createdAt: row.createdAt.toISOString() }));
  }
}
