import type { MigrationInterface, QueryRunner } from 'typeorm';

/** A request that had ended may end otherwise: by its owner after it was closed, or when its end turns out to be lost. */
export class EndsPutRight1795280000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    // How its tokens had been counted at the end before this one; null: there was none. Without a default no row is written anew.
    await runner.query('ALTER TABLE usage.requests ADD COLUMN closed_count_method text');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE usage.requests DROP COLUMN closed_count_method');
  }
}
