import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Who administered what. */
export class Audit1700000100000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE gateway.audit (
        id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        actor_id uuid NOT NULL,
        actor_email text NOT NULL,
        actor_key_id uuid,
        action text NOT NULL,
        subject_kind text NOT NULL,
        subject_id text NOT NULL,
        subject_name text NOT NULL,
        details jsonb NOT NULL DEFAULT '{}'
      )`);
    await runner.query('CREATE INDEX audit_created ON gateway.audit (created_at, id)');
    await runner.query('CREATE INDEX audit_actor ON gateway.audit (actor_id, created_at, id)');
    await runner.query('CREATE INDEX audit_subject ON gateway.audit (subject_id, created_at, id)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE gateway.audit');
  }
}
