import { Client } from 'pg';
import { pause } from '../clients';
import type { Fault } from '../fault';

const HELD_MS = 20_000;

/** Somebody holds a lock on the ledger's table (a migration, VACUUM FULL, a forgotten psql): no write comes through. */
export const POSTGRES_SLOW: Fault = {
  name: 'postgres-slow',
  title: 'Postgres slow: a lock on the ledger’s table for 20 s',
  spares: 'all',
  inject: async (stage) => {
    const client = new Client({ connectionString: stage.databaseUrl });
    await client.connect();
    try {
      await client.query('BEGIN');
      await client.query('LOCK TABLE usage.requests IN ACCESS EXCLUSIVE MODE');
      const at = Date.now();
      await pause(HELD_MS);
      await client.query('COMMIT');
      return { at };
    } finally {
      await client.end();
    }
  },
};
