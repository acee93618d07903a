import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The model and the sampling that a conversation asks with: they follow its owner to another browser. */
export class ConversationOptions1795270000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE chat.conversations ADD model text, ADD parameters jsonb NOT NULL DEFAULT '{}'`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE chat.conversations DROP model, DROP parameters');
  }
}
