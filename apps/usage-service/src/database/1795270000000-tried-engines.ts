import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Requests that a second engine took are known to the life of the first one as well. */
export class TriedEngines1795270000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    // Without a default no row is written anew.
    await runner.query(`
      ALTER TABLE usage.requests
        ADD COLUMN tried_engine_life text,    -- of the engine that failed before it answered; null: there was none
        ADD COLUMN moved_at_write integer     -- the write that named another engine than the one before
    `);
    await runner.query(`
      ALTER TABLE usage.engine_lives
        ADD COLUMN requests_retried bigint NOT NULL DEFAULT 0,       -- failed here, taken by another engine
        ADD COLUMN retried_prompt_tokens bigint NOT NULL DEFAULT 0   -- of those: the engine may have counted them or not
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE usage.requests DROP COLUMN tried_engine_life, DROP COLUMN moved_at_write');
    await runner.query(
      'ALTER TABLE usage.engine_lives DROP COLUMN requests_retried, DROP COLUMN retried_prompt_tokens',
    );
  }
}
