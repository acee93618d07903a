import type { LedgerRow } from './merge-events';

/** Column of the table -> name in the row: the columns of the CSV, and what the ledger itself needs. */
export const COLUMNS = {
  request_id: ['requestId', 'text'],
  created_at: ['createdAt', 'timestamptz'],
  user_id: ['userId', 'text'],
  user_email: ['userEmail', 'text'],
  key_id: ['keyId', 'text'],
  endpoint: ['endpoint', 'text'],
  model: ['model', 'text'],
  profile: ['profile', 'text'],
  ctx_len: ['ctxLen', 'integer'],
  input_tokens: ['inputTokens', 'integer'],
  cached_tokens: ['cachedTokens', 'integer'],
  output_tokens: ['outputTokens', 'integer'],
  reasoning_tokens: ['reasoningTokens', 'integer'],
  queue_ms: ['queueMs', 'integer'],
  ttft_ms: ['ttftMs', 'integer'],
  latency_ms: ['latencyMs', 'integer'],
  status_code: ['statusCode', 'smallint'],
  outcome: ['outcome', 'text'],
  count_method: ['countMethod', 'text'],
  error_code: ['errorCode', 'text'],
  stream: ['stream', 'boolean'],
  state: ['state', 'text'],
  owner: ['owner', 'text'],
  choices: ['choices', 'smallint'],
  engine_life: ['engineLife', 'text'],
  tried_engine_life: ['triedEngineLife', 'text'],
} as const satisfies Record<string, readonly [keyof LedgerRow, string]>;

const NAMES = Object.keys(COLUMNS) as (keyof typeof COLUMNS)[];
const LIST = NAMES.join(', ');
const RANK = (state: string): string =>
  `array_position(ARRAY['started', 'checkpoint', 'closed', 'finished'], ${state})`;

const ENDED = (state: string): string => `${state} IN ('closed', 'finished')`;

/** What the parts below need of the rows that were written. */
const WRITTEN = `created_at, owner, state, choices, engine_life, tried_engine_life, input_tokens, output_tokens,
  count_method, closed_input_tokens, closed_output_tokens, closed_count_method, writes, moved_at_write`;

/**
 * Keeps the sums of each engine life beside its rows, in the same transaction, so that a comparison with the engine's
 * counters reads one row. A request that had ended and ends otherwise (closed, then ended by its owner; or its end was lost)
 * counts the difference. One that a second engine took is admitted and ended in both lives; its tokens are the second
 * one's, and its prompt stands with the first as one that may have been counted there.
 */
const COUNT_LIVES = `
  INSERT INTO usage.engine_lives AS life
    (engine_life, requests_admitted, requests_ended, requests_inexact, requests_retried,
      ledger_prompt_tokens, ledger_generation_tokens, retried_prompt_tokens)
  SELECT engine_life, sum(admitted), sum(ended), sum(inexact), sum(retried), sum(prompt), sum(generation), sum(retried_prompt)
  FROM (
    SELECT engine_life, (writes = 0 OR moved)::integer AS admitted, (has_ended AND NOT counted)::integer AS ended,
      (has_ended AND count_method NOT IN ('exact', 'cached'))::integer
        - (has_ended AND counted AND coalesce(closed_count_method, 'estimated') NOT IN ('exact', 'cached'))::integer AS inexact,
      0 AS retried, new_prompt AS prompt, new_generation AS generation, 0 AS retried_prompt
    FROM changes WHERE engine_life IS NOT NULL
    UNION ALL
    SELECT tried_engine_life, (writes = 0)::integer, (has_ended AND closed_output_tokens IS NULL)::integer,
      0, (has_ended AND NOT counted)::integer, CASE WHEN moved THEN -choices * coalesce(closed_input_tokens, 0) ELSE 0 END,
      CASE WHEN moved THEN -coalesce(closed_output_tokens, 0) ELSE 0 END, new_prompt
    FROM changes WHERE tried_engine_life IS NOT NULL
  ) AS of_lives
  GROUP BY engine_life ORDER BY engine_life
  ON CONFLICT (engine_life) DO UPDATE SET
    requests_admitted = life.requests_admitted + EXCLUDED.requests_admitted,
    requests_ended = life.requests_ended + EXCLUDED.requests_ended,
    requests_inexact = life.requests_inexact + EXCLUDED.requests_inexact,
    requests_retried = life.requests_retried + EXCLUDED.requests_retried,
    ledger_prompt_tokens = life.ledger_prompt_tokens + EXCLUDED.ledger_prompt_tokens,
    ledger_generation_tokens = life.ledger_generation_tokens + EXCLUDED.ledger_generation_tokens,
    retried_prompt_tokens = life.retried_prompt_tokens + EXCLUDED.retried_prompt_tokens,
    updated_at = now()`;

/** What was written means for the lives: `counted` has been counted for the same engine when it ended before. */
const CHANGES = `
  SELECT *, CASE WHEN has_ended THEN choices * (input_tokens - CASE WHEN counted THEN closed_input_tokens ELSE 0 END) ELSE 0 END AS new_prompt,
    CASE WHEN has_ended THEN output_tokens - CASE WHEN counted THEN closed_output_tokens ELSE 0 END ELSE 0 END AS new_generation
  FROM (
    SELECT *, closed_output_tokens IS NOT NULL AND NOT moved AS counted
    FROM (
      SELECT *, ${ENDED('state')} AS has_ended, coalesce(moved_at_write = writes, false) AS moved FROM written
    ) AS with_state
  ) AS with_count`;

/** A day of which a row came late is rolled up again. */
const UNSEAL = `
  DELETE FROM usage.sealed_days
  WHERE day IN (SELECT (created_at AT TIME ZONE 'UTC')::date FROM written WHERE ${ENDED('state')})`;

/** What each statement that writes rows does besides, by what it has written. */
const FOLLOWING = `changes AS (${CHANGES}
  ), lives AS (${COUNT_LIVES}
  ), unsealed AS (${UNSEAL}
  )`;

/** The owners of rows that are not finished are watched. */
const NOTE_OWNERS = `
  INSERT INTO usage.owners AS known (owner, first_created_at)
  SELECT owner, min(created_at) FROM written WHERE state IN ('started', 'checkpoint') GROUP BY owner ORDER BY owner
  ON CONFLICT (owner) DO UPDATE
    SET first_created_at = least(known.first_created_at, EXCLUDED.first_created_at), closed_at = NULL
    WHERE known.closed_at IS NOT NULL OR known.first_created_at > EXCLUDED.first_created_at`;

/** Milliseconds of the epoch, as `columnsOf` hands the times over; whole ones are exact. */
const ARRAY_TYPES = NAMES.map((name) => (name === 'created_at' ? 'float8' : COLUMNS[name][1]));
const FRESH = NAMES.map((name) => (name === 'created_at' ? `to_timestamp(created_at / 1000) AS created_at` : name));

/**
 * All rows as one array a column: one statement, whatever their number, and half the work of a JSON parameter, which was
 * half of an upsert. The rows are locked in the order of their keys, so
 * that two usage-services never wait for each other in a circle. A user who was removed gets no e-mail back.
 */
export const UPSERT = `
  WITH fresh AS (
    SELECT ${FRESH.join(', ')}
    FROM unnest(${ARRAY_TYPES.map((type, at) => `$${at + 1}::${type}[]`).join(', ')}) AS row (${LIST})
  ), written AS (
    INSERT INTO usage.requests AS known (${LIST})
    SELECT ${NAMES.map((name) => (name === 'user_email' ? withoutEmailOfTheRemoved() : name)).join(', ')}
    FROM fresh
    ORDER BY created_at, request_id
    ON CONFLICT (created_at, request_id) DO UPDATE SET
      ${NAMES.filter((name) => name !== 'request_id' && name !== 'created_at')
        .map((name) => `${name} = EXCLUDED.${name}`)
        .join(', ')},
      closed_input_tokens = CASE WHEN ${ENDED('known.state')} THEN known.input_tokens END,
      closed_output_tokens = CASE WHEN ${ENDED('known.state')} THEN known.output_tokens END,
      closed_count_method = CASE WHEN ${ENDED('known.state')} THEN known.count_method END,
      moved_at_write = CASE WHEN known.engine_life IS DISTINCT FROM EXCLUDED.engine_life
        THEN known.writes + 1 ELSE known.moved_at_write END,
      writes = known.writes + 1,
      updated_at = now()
    WHERE ${RANK('EXCLUDED.state')} > ${RANK('known.state')}
      OR (known.state = 'checkpoint' AND EXCLUDED.state = 'checkpoint' AND EXCLUDED.output_tokens > known.output_tokens)
      OR (known.state = 'finished' AND EXCLUDED.state = 'finished'
        AND EXCLUDED.outcome = 'interrupted' AND known.outcome <> 'interrupted')
    RETURNING ${WRITTEN}
  ), ${FOLLOWING}, owners AS (${NOTE_OWNERS}
  )
  SELECT count(*)::integer AS rows FROM written`;

/** What an owner that is gone had not finished. $1: the owner. */
const ORPHANED = `owner = $1 AND state IN ('started', 'checkpoint')
      AND created_at >= (SELECT first_created_at FROM usage.owners WHERE owner = $1)`;

/** What a gateway has seen of a request: the arrays after $1 of `CLOSE_WITNESSED`. */
export const WITNESSED = [
  'request_id',
  'input_tokens',
  'cached_tokens',
  'output_tokens',
  'reasoning_tokens',
  'count_method',
  'queue_ms',
  'ttft_ms',
  'latency_ms',
] as const satisfies (keyof typeof COLUMNS)[];

/** Closes what an owner that is gone had finished without the ledger's knowledge: a gateway has seen its end. $1: the owner. */
export const CLOSE_WITNESSED = `
  WITH seen AS (
    SELECT * FROM unnest(${WITNESSED.map((name, at) => `$${at + 2}::${COLUMNS[name][1]}[]`).join(', ')})
      AS row (${WITNESSED.map(seen).join(', ')})
  ), written AS (
    UPDATE usage.requests SET
      state = 'closed', outcome = 'completed', error_code = NULL, status_code = 200,
      ${WITNESSED.filter((name) => name !== 'request_id')
        .map((name) => `${name} = ${seen(name)}`)
        .join(', ')},
      writes = writes + 1, updated_at = now()
    FROM seen
    WHERE request_id = ${seen('request_id')} AND ${ORPHANED}
    RETURNING ${WRITTEN}
  ), ${FOLLOWING}
  SELECT count(*)::integer AS rows FROM written`;

/**
 * Closes what an owner that is gone had not finished, with what its last checkpoint says. Without a checkpoint nothing is
 * known: 0, and marked as an estimate. $1: the owner.
 */
export const CLOSE_ORPHANS = `
  WITH written AS (
    UPDATE usage.requests SET
      state = 'closed', outcome = 'interrupted', error_code = 'stream_interrupted',
      status_code = CASE WHEN ttft_ms IS NULL THEN 502 ELSE 200 END,
      input_tokens = coalesce(input_tokens, 0), cached_tokens = coalesce(cached_tokens, 0),
      output_tokens = coalesce(output_tokens, 0), reasoning_tokens = coalesce(reasoning_tokens, 0),
      count_method = 'estimated', queue_ms = coalesce(queue_ms, 0), latency_ms = coalesce(latency_ms, 0),
      writes = writes + 1, updated_at = now()
    WHERE ${ORPHANED}
    RETURNING ${WRITTEN}
  ), ${FOLLOWING}, owners AS (
    UPDATE usage.owners SET closed_at = now() WHERE owner = $1
  )
  SELECT count(*)::integer AS rows FROM written`;

/** Its name where the column of the table stands beside it. */
function seen(column: string): string {
  return `seen_${column}`;
}

function withoutEmailOfTheRemoved(): string {
  return `CASE WHEN EXISTS (SELECT FROM usage.removed_users AS gone WHERE gone.user_id = fresh.user_id)
    THEN '' ELSE user_email END`;
}

/** The rows as the statements take them: one array a column, as Postgres reads them ("Array Value Input"). */
export function columnsOf(
  rows: readonly Partial<LedgerRow>[],
  names: readonly (keyof typeof COLUMNS)[] = NAMES,
): string[] {
  return names.map((name) => {
    const property = COLUMNS[name][0];
    let array = '';
    for (const row of rows) array += `,${elementOf(row[property] ?? null)}`;
    return `{${array.slice(1)}}`;
  });
}

/** pg's own takes two searches and a replacement for each value, which was a tenth of the service's time under load. */
function elementOf(value: string | number | boolean | null): string {
  if (typeof value !== 'string') return value === null ? 'NULL' : String(value);
  return `"${ODD_IN_ARRAYS.test(value) ? value.replace(/["\\]/g, '\\$&') : value}"`;
}

const ODD_IN_ARRAYS = /["\\]/;
