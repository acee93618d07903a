import type { UsageFilter, UsageGroup, UsageSummaryQuery } from '#contracts/usage-queries';
import { dimensionConditions, Parameters, rowConditions, where } from '../reports/usage-filter';
import { summaryRange } from './summary-range';

export interface Statement {
  sql: string;
  values: unknown[];
}

/** Neither completed nor cancelled by the client. */
const IS_ERROR = `outcome NOT IN ('completed', 'client_cancelled')`;
/** The rows that a summary is about: a request counts when it has ended. */
const ENDED = `state IN ('closed', 'finished')`;

/** What a line of the summary stands for, in the rows and in the rollup (where '' is no key). */
const GROUP: Record<UsageGroup, { rows: string; rollup: string }> = {
  user: { rows: 'user_id', rollup: 'user_id' },
  key: { rows: 'key_id', rollup: `nullif(key_id, '')` },
  model: { rows: 'model', rollup: 'model' },
  day: { rows: `(created_at AT TIME ZONE 'UTC')::date::text`, rollup: 'day::text' },
};

const SUMS = ['requests', 'errors', 'input_tokens', 'cached_tokens', 'output_tokens', 'reasoning_tokens'] as const;
const HISTOGRAMS = ['latency_histogram', 'ttft_histogram'] as const;

/** Every group and, as the line with `is_total`, all of them together. */
const WITH_TOTAL = 'GROUP BY GROUPING SETS ((grp), ())';
const GROUP_COLUMNS = 'grp AS "group", grouping(grp) = 1 AS "isTotal"';
const SUM_NAMES = `sum(input_tokens) AS "inputTokens", sum(cached_tokens) AS "cachedTokens",
  sum(output_tokens) AS "outputTokens", sum(reasoning_tokens) AS "reasoningTokens"`;

/** From the rows alone: exact percentiles. */
export function rowsStatement(query: UsageSummaryQuery): Statement {
  const parameters = new Parameters();
  const conditions = [...rowConditions(query, parameters), ENDED];
  const sql = `
    SELECT ${GROUP_COLUMNS}, count(*) AS requests, count(*) FILTER (WHERE ${IS_ERROR}) AS errors, ${SUM_NAMES},
      percentile_disc(ARRAY[0.5, 0.95]) WITHIN GROUP (ORDER BY latency_ms) AS "latencyMs",
      percentile_disc(ARRAY[0.5, 0.95]) WITHIN GROUP (ORDER BY ttft_ms) AS "ttftMs"
    FROM (SELECT ${GROUP[query.groupBy].rows} AS grp, * FROM usage.requests ${where(conditions)}) AS ended
    ${WITH_TOTAL}`;
  return { sql, values: parameters.values };
}

/**
 * From the rollup of every whole day that is sealed or whose rows are dropped, and from the rows of all other time: today,
 * days with rows that came late, the parts of days at both ends. One statement, and so one state of the ledger.
 */
export function rollupStatement(query: UsageSummaryQuery): Statement {
  const parameters = new Parameters();
  const range = summaryRange(query);
  const [from, to] = [`${parameters.add(range.from)}::timestamptz`, `${parameters.add(range.to)}::timestamptz`];
  const [firstDay, endDay] = [`${parameters.add(range.firstDay)}::date`, `${parameters.add(range.endDay)}::date`];
  const dimensions = dimensionConditions(query, parameters);
  const sql = `
    WITH sealed AS MATERIALIZED (
      SELECT day FROM usage.sealed_days WHERE day >= ${firstDay} AND day < ${endDay}
    ), unsealed AS MATERIALIZED (
      ${unsealedRanges(from, to)}
    ), parts AS (
      SELECT ${GROUP[query.groupBy].rollup} AS grp, ${rollupSums()}
      FROM usage.rollup_days
      ${where([`day >= ${firstDay}`, `day < ${endDay}`, '(frozen OR day IN (SELECT day FROM sealed))', ...dimensions])}
      GROUP BY 1
      UNION ALL
      SELECT ended.* FROM unsealed CROSS JOIN LATERAL (${rowSums(query, dimensions)}) AS ended
    )
    SELECT ${GROUP_COLUMNS}, sum(requests) AS requests, sum(errors) AS errors, ${SUM_NAMES},
      sum(latency_histogram)::text AS "latencyHistogram", sum(ttft_histogram)::text AS "ttftHistogram"
    FROM parts ${WITH_TOTAL}`;
  return { sql, values: parameters.values };
}

/** The time between sealed days, as ranges: a few, whatever the number of days. */
function unsealedRanges(from: string, to: string): string {
  const start = (day: string): string => `(${day})::timestamp AT TIME ZONE 'UTC'`;
  return `
      SELECT begins, ends FROM (
        SELECT ${start('day + 1')} AS begins, lead(${start('day')}, 1, ${to}) OVER (ORDER BY day) AS ends FROM sealed
        UNION ALL
        SELECT ${from}, coalesce((SELECT ${start('min(day)')} FROM sealed), ${to})
      ) AS gaps WHERE begins < ends`;
}

function rollupSums(): string {
  const sums = SUMS.map((name) =>
    name === 'errors' ? `sum(requests) FILTER (WHERE ${IS_ERROR}) AS errors` : `sum(${name}) AS ${name}`,
  );
  return [...sums, ...HISTOGRAMS.map((name) => `sum(${name}) AS ${name}`)].join(', ');
}

/**
 * Counted by bucket first: a number of hundreds of digits is added once a bucket and not once a row, which took 15 us each.
 * A row is counted twice, once for either duration, and its tokens only the first time.
 */
function rowSums({ groupBy }: Pick<UsageSummaryQuery, 'groupBy'>, dimensions: readonly string[]): string {
  const tokens = SUMS.filter((name) => name.endsWith('_tokens'));
  const counted = ['requests', 'errors', ...tokens].map((name) => `sum(${name}) FILTER (WHERE by_latency) AS ${name}`);
  return `
        SELECT grp, ${counted.join(', ')},
          sum(requests * ('1e' || 12 * latency_bucket)::numeric) AS latency_histogram,
          sum(requests * ('1e' || 12 * ttft_bucket)::numeric) AS ttft_histogram
        FROM (
          SELECT grp, latency_bucket, ttft_bucket, grouping(ttft_bucket) = 1 AS by_latency, count(*) AS requests,
            count(*) FILTER (WHERE ${IS_ERROR}) AS errors, ${tokens.map((name) => `sum(${name}) AS ${name}`).join(', ')}
          FROM (
            SELECT ${GROUP[groupBy].rows} AS grp, usage.duration_bucket(latency_ms) AS latency_bucket,
              usage.duration_bucket(ttft_ms) AS ttft_bucket, outcome, ${tokens.join(', ')}
            FROM usage.requests
            ${where(['created_at >= begins', 'created_at < ends', ENDED, ...dimensions])}
          ) AS ended
          GROUP BY GROUPING SETS ((grp, latency_bucket), (grp, ttft_bucket))
        ) AS counted
        GROUP BY grp`;
}

/** The address in each user's newest row that the asker may see. */
export function emailsStatement(users: readonly string[], filter: UsageFilter): Statement {
  const parameters = new Parameters();
  const ids = parameters.add(users);
  const owner = filter.ownerId === null ? '' : `AND row.user_id = ${parameters.add(filter.ownerId)}`;
  const sql = `
    SELECT asked.id, newest.user_email AS email
    FROM unnest(${ids}::text[]) AS asked (id)
    CROSS JOIN LATERAL (
      SELECT user_email FROM usage.requests AS row
      WHERE row.user_id = asked.id ${owner} ORDER BY created_at DESC, request_id DESC LIMIT 1
    ) AS newest`;
  return { sql, values: parameters.values };
}
