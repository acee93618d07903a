import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The ledger's one table: a row a request, in the order of the CSV's columns. */
export class Requests1700000000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE usage.requests (
        request_id       text PRIMARY KEY,
        created_at       timestamptz NOT NULL,
        user_id          text NOT NULL,
        user_email       text NOT NULL,
        key_id           text,
        endpoint         text NOT NULL,
        model            text NOT NULL,
        profile          text,
        ctx_len          integer,
        input_tokens     bigint,
        cached_tokens    bigint,
        output_tokens    bigint,
        reasoning_tokens bigint,
        queue_ms         bigint,
        ttft_ms          bigint,
        latency_ms       bigint,
        status_code      smallint,
        outcome          text,
        count_method     text,
        error_code       text,
        stream           boolean NOT NULL,
        state            text NOT NULL CHECK (state IN ('started', 'checkpoint', 'finished')),
        owner            text NOT NULL,
        updated_at       timestamptz NOT NULL DEFAULT now()
      )`);
    // Keyset pages: all rows, or one user's, newest first.
    await runner.query('CREATE INDEX requests_created_at ON usage.requests (created_at, request_id)');
    await runner.query('CREATE INDEX requests_user_created_at ON usage.requests (user_id, created_at, request_id)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE usage.requests');
  }
}
