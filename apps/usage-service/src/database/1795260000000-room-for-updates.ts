import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Of the months that are there; new ones are made with it (`month-partitions.ts` says why). */
export class RoomForUpdates1795260000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await setFillfactor(runner, 45);
  }

  async down(runner: QueryRunner): Promise<void> {
    await setFillfactor(runner, 70);
  }
}

async function setFillfactor(runner: QueryRunner, percent: number): Promise<void> {
  const months = (await runner.query(
    `SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = 'usage.requests'::regclass`,
  )) as { name: string }[];
  for (const { name } of months) await runner.query(`ALTER TABLE ${name} SET (fillfactor = ${percent})`);
}
