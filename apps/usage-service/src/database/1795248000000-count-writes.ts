import type { MigrationInterface, QueryRunner } from 'typeorm';

/** How often a row was written again: 0 says that a write made it, which an upsert cannot tell otherwise. */
export class CountWrites1795248000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE usage.requests ADD COLUMN writes smallint NOT NULL DEFAULT 0');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE usage.requests DROP COLUMN writes');
  }
}
