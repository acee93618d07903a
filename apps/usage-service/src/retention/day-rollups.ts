import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { HAVE_LEDGER_ALONE } from '../ledger/ledger-lock';
import { partitionOf, type Month } from '../ledger/month-partitions';

const DIMENSIONS = 'day, user_id, key_id, model, profile, endpoint, outcome';
const SUMS = [
  'requests',
  'input_tokens',
  'cached_tokens',
  'output_tokens',
  'reasoning_tokens',
  'queue_ms',
  'ttft_ms',
  'ttft_requests',
  'latency_ms',
  'ttft_histogram',
  'latency_histogram',
];

/**
 * $1: the day. Whole days only, from the rows alone, so that it does not matter how often it is done. Durations are counted
 * by bucket first: a number of hundreds of digits is added once a bucket and not once a row, which took 15 us each.
 */
const ROLL_UP = `
  INSERT INTO usage.rollup_days (${DIMENSIONS}, frozen, ${SUMS.join(', ')})
  SELECT $1::date, user_id, key_id, model, profile, endpoint, outcome, false,
    ${SUMS.filter((sum) => !sum.endsWith('_histogram'))
      .map((sum) => `coalesce(sum(${sum}) FILTER (WHERE by_latency), 0)`)
      .join(', ')},
    coalesce(sum(requests * ('1e' || 12 * ttft_bucket)::numeric), 0),
    coalesce(sum(requests * ('1e' || 12 * latency_bucket)::numeric), 0)
  FROM (
    SELECT user_id, key_id, model, profile, endpoint, outcome, ttft_bucket, latency_bucket,
      grouping(ttft_bucket) = 1 AS by_latency, count(*) AS requests,
      sum(input_tokens) AS input_tokens, sum(cached_tokens) AS cached_tokens, sum(output_tokens) AS output_tokens,
      sum(reasoning_tokens) AS reasoning_tokens, sum(queue_ms) AS queue_ms, sum(ttft_ms) AS ttft_ms,
      count(ttft_ms) AS ttft_requests, sum(latency_ms) AS latency_ms
    FROM (
      SELECT user_id, coalesce(key_id, '') AS key_id, model, coalesce(profile, '') AS profile, endpoint, outcome,
        input_tokens, cached_tokens, output_tokens, reasoning_tokens, queue_ms, ttft_ms, latency_ms,
        usage.duration_bucket(ttft_ms) AS ttft_bucket, usage.duration_bucket(latency_ms) AS latency_bucket
      FROM usage.requests
      WHERE created_at >= $1::timestamp AT TIME ZONE 'UTC' AND created_at < ($1::date + 1)::timestamp AT TIME ZONE 'UTC'
        AND state IN ('closed', 'finished')
    ) AS ended
    GROUP BY user_id, key_id, model, profile, endpoint, outcome, GROUPING SETS ((latency_bucket), (ttft_bucket))
  ) AS counted
  GROUP BY user_id, key_id, model, profile, endpoint, outcome`;

/**
 * Days that are over and have rows that are not rolled up. An hour's grace, since the last requests of a day are still
 * running when it ends; a later end takes the seal off again, which is only dearer.
 */
const UNSEALED = `
  SELECT to_char(day, 'YYYY-MM-DD') AS day
  FROM (SELECT min(created_at) AS first, max(created_at) AS last FROM usage.%PARTITION%) AS edges,
    generate_series((first AT TIME ZONE 'UTC')::date, (last AT TIME ZONE 'UTC')::date, interval '1 day') AS days (day)
  WHERE day + interval '1 day 1 hour' <= now() AT TIME ZONE 'UTC'
    AND NOT EXISTS (SELECT FROM usage.sealed_days AS sealed WHERE sealed.day = days.day::date)
  ORDER BY day`;

const FREEZE = `
  INSERT INTO usage.rollup_days AS kept (${DIMENSIONS}, frozen, ${SUMS.join(', ')})
  SELECT ${DIMENSIONS}, true, ${SUMS.join(', ')} FROM usage.rollup_days WHERE day >= $1 AND day < $2 AND NOT frozen
  ON CONFLICT (${DIMENSIONS}, frozen) DO UPDATE SET ${SUMS.map((sum) => `${sum} = kept.${sum} + EXCLUDED.${sum}`).join(', ')}`;

/** A reader that holds on to the month longer than this is waited for another time: behind us, everybody waits. */
const LOCK_TIMEOUT = `SET LOCAL lock_timeout = '2s'`;

/** Rolls days up and months away. */
@Injectable()
export class DayRollups {
  constructor(private readonly database: DataSource) {}

  /** Days of this month that are over and not sealed, oldest first. */
  async unsealedDays(month: Month): Promise<string[]> {
    const found = await this.database.query<{ day: string }[]>(UNSEALED.replace('%PARTITION%', partitionOf(month)));
    return found.map(({ day }) => day);
  }

  /** Makes the rollup of a day anew and lets it count. Nobody writes rows meanwhile. */
  async seal(day: string): Promise<void> {
    await this.database.transaction(async (manager) => {
      await manager.query(HAVE_LEDGER_ALONE);
      await manager.query('DELETE FROM usage.rollup_days WHERE day = $1 AND NOT frozen', [day]);
      await manager.query(ROLL_UP, [day]);
      await manager.query('INSERT INTO usage.sealed_days (day) VALUES ($1) ON CONFLICT DO NOTHING', [day]);
    });
  }

  /**
   * Drops the rows of a month whose days are all sealed; their rollups count for ever. One transaction: no summary sees a
   * request twice or not at all. @returns why it was not done, or null.
   */
  async drop(month: Month): Promise<string | null> {
    return this.database.transaction(async (manager) => {
      await manager.query(HAVE_LEDGER_ALONE);
      const reason = await this.whyNot(manager, month);
      if (reason !== null) return reason;
      await manager.query(LOCK_TIMEOUT);
      await manager.query('LOCK TABLE usage.requests IN ACCESS EXCLUSIVE MODE');
      const from = `${month}-01`;
      const to = `(date '${from}' + interval '1 month')::date`;
      await manager.query(FREEZE.replaceAll('$1', `date '${from}'`).replaceAll('$2', to));
      await manager.query(`DELETE FROM usage.rollup_days WHERE day >= date '${from}' AND day < ${to} AND NOT frozen`);
      await manager.query(`DELETE FROM usage.sealed_days WHERE day >= date '${from}' AND day < ${to}`);
      await manager.query(`DROP TABLE usage.${partitionOf(month)}`);
      return null;
    });
  }

  private async whyNot(manager: EntityManager, month: Month): Promise<string | null> {
    const unsealed = await manager.query<unknown[]>(UNSEALED.replace('%PARTITION%', partitionOf(month)));
    if (unsealed.length > 0) return `${unsealed.length} of its days are not rolled up`;
    const open = await manager.query<unknown[]>(
      `SELECT FROM usage.${partitionOf(month)} WHERE state IN ('started', 'checkpoint') LIMIT 1`,
    );
    return open.length > 0 ? 'it has requests without an end' : null;
  }
}
