import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Columns that the first table has too; the rows move over. */
const KEPT = `request_id, created_at, user_id, user_email, key_id, endpoint, model, profile, ctx_len, input_tokens,
  cached_tokens, output_tokens, reasoning_tokens, queue_ms, ttft_ms, latency_ms, status_code, outcome, count_method,
  error_code, stream, state, owner, updated_at`;

/**
 * The ledger by month, its rollup by day, and what is needed to close and to reconcile it (docs/decisions/008).
 *
 * A request is `(created_at, request_id)`: both are facts that every event of it carries, so a clock that is set back
 * between two events changes nothing. One key serves the upsert, the pages and the months.
 */
export class PartitionsAndRollups1795245000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE usage.requests RENAME TO requests_unpartitioned');
    await runner.query('ALTER TABLE usage.requests_unpartitioned DROP CONSTRAINT requests_pkey');
    await runner.query('DROP INDEX usage.requests_created_at, usage.requests_user_created_at');
    await createRequests(runner);
    await createMonths(runner);
    await runner.query(
      `INSERT INTO usage.requests (${KEPT}) SELECT ${KEPT} FROM usage.requests_unpartitioned ORDER BY created_at`,
    );
    await runner.query('DROP TABLE usage.requests_unpartitioned');
    await createRollup(runner);
    await createLives(runner);
    await runner.query(`
      INSERT INTO usage.owners (owner, first_created_at)
      SELECT owner, min(created_at) FROM usage.requests WHERE state <> 'finished' GROUP BY owner`);
  }

  async down(): Promise<void> {
    return Promise.reject(new Error('the rollups of dropped months cannot be rows again; restore a backup instead'));
  }
}

async function createRequests(runner: QueryRunner): Promise<void> {
  await runner.query(`
    CREATE TABLE usage.requests (
      request_id       text NOT NULL,
      created_at       timestamptz NOT NULL,
      user_id          text NOT NULL,
      user_email       text NOT NULL,            -- '' once the user is deleted
      key_id           text,
      endpoint         text NOT NULL,
      model            text NOT NULL,
      profile          text,
      ctx_len          integer,
      input_tokens     integer,                  -- the prompt once, however many choices were generated
      cached_tokens    integer,
      output_tokens    integer,
      reasoning_tokens integer,
      queue_ms         integer,
      ttft_ms          integer,
      latency_ms       integer,
      status_code      smallint,
      outcome          text,                     -- null while it runs
      count_method     text,
      error_code       text,
      stream           boolean NOT NULL,
      -- 'closed': its owner fell silent and the ledger closed it as interrupted; its own ending, should it come, wins
      state            text NOT NULL CHECK (state IN ('started', 'checkpoint', 'closed', 'finished')),
      owner            text NOT NULL,            -- the chat-service that held it
      choices          smallint NOT NULL DEFAULT 1, -- vLLM's counters have the prompt once a choice
      engine_life      text,                     -- usage.engine_lives; null where the engine does not tell
      -- what the row counted while it was 'closed', where its own ending came later
      closed_input_tokens  integer,
      closed_output_tokens integer,
      updated_at       timestamptz NOT NULL DEFAULT now(),
      PRIMARY KEY (created_at, request_id)
    ) PARTITION BY RANGE (created_at)`);
  await runner.query('CREATE INDEX requests_user ON usage.requests (user_id, created_at, request_id)');
  // Neither this nor any other index holds a column that changes from one state to the next: updates stay HOT.
  await runner.query('CREATE INDEX requests_owner ON usage.requests (owner, created_at)');
}

/** The months of the rows that are there, this one and the next: later ones are the service's business. */
async function createMonths(runner: QueryRunner): Promise<void> {
  const months = (await runner.query(`
    SELECT DISTINCT to_char(date_trunc('month', at, 'UTC') AT TIME ZONE 'UTC', 'YYYY-MM') AS month
    FROM (SELECT created_at FROM usage.requests_unpartitioned
          UNION ALL SELECT now() UNION ALL SELECT now() + interval '1 month') AS times (at)`)) as { month: string }[];
  for (const { month } of months) {
    // Counted here and not by `interval '1 month'`, which counts in the session's time zone.
    const from = new Date(`${month}-01T00:00:00Z`);
    const to = new Date(Date.UTC(from.getUTCFullYear(), from.getUTCMonth() + 1, 1));
    await runner.query(`
      CREATE TABLE usage.requests_${month.replace('-', '_')} PARTITION OF usage.requests
      FOR VALUES FROM ('${from.toISOString()}') TO ('${to.toISOString()}') WITH (fillfactor = 70)`);
  }
}

async function createRollup(runner: QueryRunner): Promise<void> {
  /*
   * A histogram of durations is one number: bucket b counts 10^(12 b), so that sum() merges histograms as fast as
   * Postgres adds. Buckets grow by a tenth: 0 is less than 1 ms, b is [1.1^(b-1), 1.1^b) ms. See duration-histogram.ts.
   */
  await runner.query(`
    CREATE FUNCTION usage.duration_bucket(ms integer) RETURNS integer
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN ms < 1 THEN 0 ELSE least(1 + floor(ln(ms::float8) / ln(1.1::float8))::integer, 250) END`);
  await runner.query(`
    CREATE FUNCTION usage.duration_histogram(ms integer) RETURNS numeric
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN ('1e' || 12 * usage.duration_bucket(ms))::numeric`);
  await runner.query(`
    CREATE TABLE usage.rollup_days (
      day               date NOT NULL,           -- UTC, of created_at
      user_id           text NOT NULL,
      key_id            text NOT NULL,           -- '' for none, as profile
      model             text NOT NULL,
      profile           text NOT NULL,
      endpoint          text NOT NULL,
      outcome           text NOT NULL,
      frozen            boolean NOT NULL,        -- its rows were dropped by the retention
      requests          bigint NOT NULL,
      input_tokens      bigint NOT NULL,
      cached_tokens     bigint NOT NULL,
      output_tokens     bigint NOT NULL,
      reasoning_tokens  bigint NOT NULL,
      queue_ms          bigint NOT NULL,         -- sums
      ttft_ms           bigint NOT NULL,
      ttft_requests     bigint NOT NULL,         -- that had a first token
      latency_ms        bigint NOT NULL,
      ttft_histogram    numeric NOT NULL,        -- usage.duration_histogram
      latency_histogram numeric NOT NULL,
      PRIMARY KEY (day, user_id, key_id, model, profile, endpoint, outcome, frozen)
    )`);
  // The rollup of a day counts only while the day stands here (or where it is frozen); a late row takes it out again.
  await runner.query(`
    CREATE TABLE usage.sealed_days (day date PRIMARY KEY, sealed_at timestamptz NOT NULL DEFAULT now())`);
}

async function createLives(runner: QueryRunner): Promise<void> {
  await runner.query(`
    CREATE TABLE usage.owners (
      owner            text PRIMARY KEY,
      first_created_at timestamptz NOT NULL,     -- of its rows
      closed_at        timestamptz               -- null: it may have rows that are not finished
    )`);
  await runner.query(`
    CREATE TABLE usage.engine_lives (
      engine_life                text PRIMARY KEY,   -- from an engine's start to its end: its counters begin at 0
      engine_id                  text NOT NULL DEFAULT '',
      requests_admitted          bigint NOT NULL DEFAULT 0,
      requests_ended             bigint NOT NULL DEFAULT 0,
      requests_inexact           bigint NOT NULL DEFAULT 0, -- not counted by the engine itself
      ledger_prompt_tokens       bigint NOT NULL DEFAULT 0, -- sums over the ended ones, prompts once a choice
      ledger_generation_tokens   bigint NOT NULL DEFAULT 0,
      engine_prompt_tokens       bigint,             -- vllm:prompt_tokens_total at the last settled look
      engine_generation_tokens   bigint,
      drift_prompt_tokens        bigint,             -- engine minus ledger at the last settled look
      drift_generation_tokens    bigint,
      settled_at                 timestamptz,        -- the engine was idle and every request of it ended
      first_seen_at              timestamptz NOT NULL DEFAULT now(),
      updated_at                 timestamptz NOT NULL DEFAULT now()
    )`);
  await runner.query(`
    CREATE TABLE usage.removed_users (user_id text PRIMARY KEY, removed_at timestamptz NOT NULL DEFAULT now())`);
}
