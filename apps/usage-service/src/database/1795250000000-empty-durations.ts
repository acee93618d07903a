import type { MigrationInterface, QueryRunner } from 'typeorm';

const BUCKET = `CASE WHEN ms < 1 THEN 0 ELSE least(1 + floor(ln(ms::float8) / ln(1.1::float8))::integer, 250) END`;

/** A duration that is not known is in no bucket: `least` passes over null, and put it into the last one. */
export class EmptyDurations1795250000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(bucketFunction(`CASE WHEN ms IS NOT NULL THEN ${BUCKET} END`));
    // Rolled up with the old one: again, from the rows.
    await runner.query('DELETE FROM usage.sealed_days');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(bucketFunction(BUCKET));
  }
}

function bucketFunction(body: string): string {
  return `
    CREATE OR REPLACE FUNCTION usage.duration_bucket(ms integer) RETURNS integer
    LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN ${body}`;
}
