import type { MigrationInterface, QueryRunner } from 'typeorm';

/** How the code assistant cuts its answers for the editor that has a key. */
export class KeyChunks1795280000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE gateway.api_keys
        ADD COLUMN code_chunk_chars integer,
        ADD COLUMN code_chunk_delay_ms integer`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE gateway.api_keys DROP COLUMN code_chunk_chars, DROP COLUMN code_chunk_delay_ms');
  }
}
