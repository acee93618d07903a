import { Client } from 'pg';
import { eventually } from '#testing/eventually';
import type { TestSystem } from '#testing/system';

export interface QueuedRow {
  request_id: string;
  outcome: string;
  queue_ms: string;
  status_code: number;
  input_tokens: string;
  ttft_ms: string | null;
  error_code: string | null;
}

/** Waits for the finished row of a request, or for any that fits. */
export async function rowOf(
  system: TestSystem,
  { requestId, outcome }: { requestId?: string | null; outcome?: string },
): Promise<QueuedRow> {
  const client = new Client({ connectionString: system.postgres.url });
  await client.connect();
  try {
    return await eventually(async () => {
      const { rows } = await client.query<QueuedRow>(
        `SELECT request_id, outcome, queue_ms, status_code, input_tokens, ttft_ms, error_code FROM usage.requests
         WHERE state = 'finished' AND ($1::text IS NULL OR request_id = $1) AND ($2::text IS NULL OR outcome = $2)`,
        [requestId ?? null, outcome ?? null],
      );
      return rows[0];
    });
  } finally {
    await client.end();
  }
}
