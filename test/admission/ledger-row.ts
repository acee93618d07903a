import { Client } from 'pg';
import { eventually } from '#testing/eventually';
import type { TestSystem } from '#testing/system';

export interface QueuedRow {
  request_id: string;
  created_at: Date;
  outcome: string;
  queue_ms: number;
  status_code: number;
  input_tokens: number;
  output_tokens: number;
  count_method: string;
  ttft_ms: number | null;
  error_code: string | null;
}

/** Waits for the finished row of a request, or of any that ended so before its first token. */
export async function rowOf(
  system: TestSystem,
  { requestId, unserved }: { requestId?: string | null; unserved?: string },
): Promise<QueuedRow> {
  const client = new Client({ connectionString: system.postgres.url });
  await client.connect();
  try {
    return await eventually(async () => {
      const { rows } = await client.query<QueuedRow>(
        `SELECT request_id, created_at, outcome, queue_ms, status_code, input_tokens, output_tokens, count_method,
           ttft_ms, error_code FROM usage.requests
         WHERE state = 'finished' AND ($1::text IS NULL OR request_id = $1) AND ($2::text IS NULL OR (outcome = $2 AND ttft_ms IS NULL))`,
        [requestId ?? null, unserved ?? null],
      );
      return rows[0];
    });
  } finally {
    await client.end();
  }
}
