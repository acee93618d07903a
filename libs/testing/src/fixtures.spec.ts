import { connect } from '@nats-io/transport-node';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { existsSync } from 'node:fs';
import { Client } from 'pg';
import { processStartTime } from '#common/servers/process-identity';
import { startNats } from './nats';
import { startPostgres } from './postgres';

describe('fixtures', () => {
  it('a nats-server keeps what was acked over a kill -9', async () => {
    const nats = await startNats({ jetstream: true });
    const first = await connect({ servers: nats.url });
    const manager = await jetstreamManager(first);
    await manager.streams.add({ name: 'EVENTS', subjects: ['events'] });
    await jetstream(first).publish('events', 'one');
    const killed = nats.pid;
    await nats.kill();
    expect(processStartTime(killed)).toBeNull();
    await first.close();
    await nats.restart();
    const second = await connect({ servers: nats.url });
    expect((await (await jetstreamManager(second)).streams.info('EVENTS')).state.messages).toBe(1);
    await second.close();
    const last = nats.pid;
    await nats.stop();
    expect(processStartTime(last)).toBeNull();
  });

  it('a Postgres knows Hangul, has several databases, and comes back after a kill -9', async () => {
    const postgres = await startPostgres();
    const other = await postgres.createDatabase();
    const client = new Client({ connectionString: other });
    await client.connect();
    await client.query('CREATE EXTENSION pg_trgm');
    await client.query('CREATE TABLE t AS SELECT $$안녕하세요$$ AS a');
    expect(
      (await client.query<{ n: number }>("SELECT cardinality(show_trgm('안녕')) AS n")).rows[0]?.n,
    ).toBeGreaterThan(0);
    await client.end();
    await postgres.restart();
    const again = new Client({ connectionString: other });
    await again.connect();
    expect((await again.query<{ a: string }>('SELECT a FROM t')).rows).toEqual([{ a: '안녕하세요' }]);
    await again.end();
    const last = postgres.pid;
    await postgres.stop();
    expect(processStartTime(last)).toBeNull();
    expect(existsSync(`/proc/${last}`)).toBe(false);
  });
});
