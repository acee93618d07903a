import { randomUUID } from 'node:crypto';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import type { INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Transport, type MicroserviceOptions } from '@nestjs/microservices';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { Client } from 'pg';
import { natsOptions } from '#common/bus';
import { Readiness } from '#common/readiness';
import { RpcErrorFilter } from '#common/rpc-errors';
import { ensureUsageStream } from '#common/usage-stream';
import {
  DEAD_LETTER_REASON,
  USAGE_CONSUMER,
  USAGE_DEAD_STREAM,
  USAGE_STREAM,
  UsageSubjects,
  type UsageEvent,
} from '#contracts/usage';
import { UsageQuerySubjects, type UsageRequestsPage } from '#contracts/usage-queries';
import { eventually } from '#testing/eventually';
import { startNats, type TestNats } from '#testing/nats';
import { startPostgres, type TestPostgres } from '#testing/postgres';
import { Logger } from 'nestjs-pino';
import { usageServiceModule } from '../app.module';
import { loadSettings } from '../config';

describe('the ledger', () => {
  let nats: TestNats;
  let postgres: TestPostgres;
  let connection: NatsConnection;
  let app: INestApplication;

  beforeAll(async () => {
    [nats, postgres] = await Promise.all([startNats({ jetstream: true }), startPostgres()]);
    connection = await connect({ servers: nats.url, maxReconnectAttempts: -1, reconnectTimeWait: 50 });
    // The publisher is up first, as chat-service may be.
    await ensureUsageStream(await jetstreamManager(connection));
    app = await startInProcess(nats.url, postgres.url);
  });
  afterAll(async () => {
    await app.close();
    await connection.close();
    await Promise.all([nats.stop(), postgres.stop()]);
  });

  const publish = async (...events: unknown[]): Promise<void> => {
    await jetstream(connection, { timeout: 500 }).publish(UsageSubjects.events, JSON.stringify({ events }));
  };
  const query = async <Row>(sql: string, values: unknown[] = []): Promise<Row[]> => {
    const client = new Client({ connectionString: postgres.url });
    await client.connect();
    try {
      return (await client.query(sql, values)).rows as Row[];
    } finally {
      await client.end();
    }
  };
  const rowsOf = (requestId: string) =>
    query<Record<string, unknown>>('SELECT * FROM usage.requests WHERE request_id = $1', [requestId]);
  const stateOf = async (requestId: string): Promise<unknown> => (await rowsOf(requestId))[0]?.['state'];
  const drained = () =>
    eventually(async () => {
      const manager = await jetstreamManager(connection);
      const [stream, consumer] = await Promise.all([
        manager.streams.info(USAGE_STREAM),
        manager.consumers.info(USAGE_STREAM, USAGE_CONSUMER),
      ]);
      return stream.state.messages === 0 && consumer.num_ack_pending === 0;
    });

  it('keeps one row of what a request did, with the columns of the CSV', async () => {
    const id = randomUUID();
    await publish(event('started', id), event('checkpoint', id, 10));
    await eventually(async () => (await stateOf(id)) === 'checkpoint');
    await publish(event('finished', id, 25));
    await eventually(async () => (await stateOf(id)) === 'finished');
    const rows = await rowsOf(id);
    expect(rows).toHaveLength(1);
    expect(rows[0]).toMatchObject({
      created_at: new Date(1_700_000_000_123),
      user_email: 'a@example.com',
      endpoint: '/v1/chat/completions',
      model: 'm',
      profile: 'p',
      ctx_len: 8192,
      input_tokens: 9,
      output_tokens: 25,
      ttft_ms: 12,
      latency_ms: 345,
      status_code: 200,
      outcome: 'completed',
      count_method: 'exact',
      stream: true,
      choices: 1,
      engine_life: null,
    });
  });

  it('comes to the same row in any order of arrival, and with every event twice', async () => {
    const ends: string[] = [];
    for (const order of permutations(['started', 'checkpoint', 'finished'] as const)) {
      const id = randomUUID();
      ends.push(id);
      for (const kind of [...order, ...order]) await publish(event(kind, id, kind === 'finished' ? 25 : 10));
    }
    await drained();
    for (const id of ends)
      expect(await rowsOf(id)).toEqual([expect.objectContaining({ state: 'finished', output_tokens: 25 })]);
  });

  it('never lets an earlier checkpoint overwrite a later one', async () => {
    const id = randomUUID();
    for (const tokens of [20, 10]) {
      await publish(event('checkpoint', id, tokens));
      await drained();
    }
    expect(await rowsOf(id)).toEqual([expect.objectContaining({ output_tokens: 20 })]);
  });

  it('puts poison aside with the reason, and lets the rest flow on', async () => {
    const [good, mixed] = [randomUUID(), randomUUID()];
    await jetstream(connection).publish(UsageSubjects.events, 'no JSON');
    await publish(event('started', mixed), { ...event('started', randomUUID()), endpoint: '/elsewhere' });
    await publish(event('finished', good, 1));
    await eventually(async () => (await stateOf(good)) === 'finished');
    await drained();
    expect(await stateOf(mixed)).toBe('started');
    const manager = await jetstreamManager(connection);
    const letters = await Promise.all([1, 2].map((seq) => manager.streams.getMessage(USAGE_DEAD_STREAM, { seq })));
    const reasons = letters.map((letter) => letter?.header.get(DEAD_LETTER_REASON)).sort();
    expect(reasons).toEqual([expect.stringMatching(/^invalid: events\[1\]: endpoint: /), 'invalid: is no JSON']);
    expect(letters.map((letter) => letter?.string())).toContain('no JSON');
  });

  it('puts aside what the database refuses, and only that', async () => {
    const [good, bad, neighbour] = [randomUUID(), randomUUID(), randomUUID()];
    await query(`ALTER TABLE usage.requests ADD CONSTRAINT not_wanted CHECK (model <> 'not-wanted')`);
    await publish({ ...event('finished', bad, 1), model: 'not-wanted' }, event('finished', neighbour, 1));
    await publish(event('finished', good, 1));
    await drained();
    expect([await stateOf(good), await stateOf(bad), await stateOf(neighbour)]).toEqual([
      'finished',
      undefined,
      'finished',
    ]);
    const manager = await jetstreamManager(connection);
    const letter = await manager.streams.getMessage(USAGE_DEAD_STREAM, { last_by_subj: UsageSubjects.deadLetter });
    expect(letter?.header.get(DEAD_LETTER_REASON)).toMatch(/^refused_by_database: .*not_wanted/);
    await query('ALTER TABLE usage.requests DROP CONSTRAINT not_wanted');
  });

  it('holds what a model name of NUL and broken surrogates says', async () => {
    const id = randomUUID();
    await publish({ ...event('finished', id, 1), model: 'a\u0000b\ud800' });
    await eventually(async () => (await stateOf(id)) === 'finished');
    expect(await rowsOf(id)).toEqual([expect.objectContaining({ model: 'a\uFFFDb\uFFFD' })]);
  });

  it('loses nothing while Postgres is away, says so, and catches up', async () => {
    const ids = Array.from({ length: 50 }, () => randomUUID());
    const readiness = app.get(Readiness);
    await postgres.kill();
    for (const id of ids) await publish(event('started', id), event('finished', id, 3));
    await eventually(() => readiness.waitingFor().includes('postgres'));
    await postgres.restart();
    await drained();
    expect(readiness.waitingFor()).toEqual([]);
    const [found] = await query<{ count: string }>(
      `SELECT count(*) FROM usage.requests WHERE state = 'finished' AND request_id = ANY($1)`,
      [ids],
    );
    expect(Number(found?.count)).toBe(ids.length);
  });

  it('goes on after NATS was killed and came back', async () => {
    const id = randomUUID();
    await nats.restart();
    await eventually(() => publish(event('finished', id, 3)).then(() => true));
    await eventually(async () => (await stateOf(id)) === 'finished');
  });

  it('goes on with a fresh stream when the store was wiped', async () => {
    const id = randomUUID();
    const manager = await jetstreamManager(connection);
    await manager.streams.delete(USAGE_STREAM);
    await eventually(() => publish(event('finished', id, 3)).then(() => true));
    await eventually(async () => (await stateOf(id)) === 'finished');
  });

  it('is read page by page, newest first, by one user or by all', async () => {
    const userId = randomUUID();
    const ids = Array.from({ length: 5 }, () => randomUUID()).sort();
    await publish(
      ...ids.map((id, index) => ({ ...event('finished', id, index), userId, createdAt: 1_700_000_000_000 + index })),
    );
    await drained();
    const ask = async (request: object): Promise<{ response?: UsageRequestsPage; err?: unknown }> => {
      const anything = { from: null, to: null, user: null, key: null, model: null, outcome: null };
      const data = { ...anything, ...request };
      const answer = await connection.request(UsageQuerySubjects.requests, JSON.stringify({ id: 'q', data }));
      return answer.json();
    };
    const seen: string[] = [];
    let cursor: string | null = null;
    do {
      const { response } = await ask({ ownerId: userId, cursor, limit: 2 });
      seen.push(...response!.items.map((row) => row.requestId));
      cursor = response!.nextCursor;
    } while (cursor !== null);
    expect(seen).toEqual([...ids].reverse());
    const { response } = await ask({ ownerId: null, cursor: null, limit: 200 });
    expect(response!.items.length).toBeGreaterThan(5);
    expect(response!.items.find((row) => row.requestId === ids[4])).toMatchObject({
      outputTokens: 4,
      outcome: 'completed',
    });
    expect(await ask({ ownerId: userId, cursor: 'nonsense', limit: 2 })).toMatchObject({
      err: { code: 'invalid_value', param: 'cursor' },
    });
    expect(await ask({ ownerId: userId, cursor: null, limit: 0 })).toMatchObject({
      err: { code: 'invalid_value', param: 'limit' },
    });
  });
});

/** The service as `main.ts` starts it, in this process. */
async function startInProcess(natsUrl: string, databaseUrl: string): Promise<INestApplication> {
  const settings = loadSettings({ NATS_URL: natsUrl, DATABASE_URL: databaseUrl, LOG_LEVEL: 'silent' });
  const app = await NestFactory.create(usageServiceModule(settings), new FastifyAdapter(), { logger: false });
  // Before the microservice: connecting it binds the handlers with the filters that are there.
  app.useGlobalFilters(new RpcErrorFilter(app.get(Logger)));
  const options = { ...natsOptions(natsUrl, 'usage-commands'), queue: 'usage-service' };
  app.connectMicroservice<MicroserviceOptions>({ transport: Transport.NATS, options }, { inheritAppConfig: true });
  await app.startAllMicroservices();
  await app.init();
  return app;
}

function event(kind: UsageEvent['kind'], requestId: string, outputTokens = 0): UsageEvent {
  const facts = {
    requestId,
    owner: 'chat-1',
    createdAt: 1_700_000_000_123,
    userId: 'u1',
    userEmail: 'a@example.com',
    keyId: null,
    endpoint: '/v1/chat/completions',
    model: 'm',
    profile: 'p',
    ctxLen: 8192,
    stream: true,
    choices: 1,
    engineLife: null,
  } as const;
  const counts = { inputTokens: 9, cachedTokens: 0, outputTokens, reasoningTokens: 0 };
  switch (kind) {
    case 'started':
      return { kind, ...facts };
    case 'checkpoint':
      return { kind, ...facts, ...counts, countMethod: 'counted' };
    case 'finished':
      return {
        kind,
        ...facts,
        ...counts,
        countMethod: 'exact',
        queueMs: 0,
        ttftMs: 12,
        latencyMs: 345,
        statusCode: 200,
        outcome: 'completed',
        errorCode: null,
      };
  }
}

function permutations<T>(items: readonly T[]): T[][] {
  if (items.length === 0) return [[]];
  return items.flatMap((item, at) =>
    permutations(items.filter((_, other) => other !== at)).map((rest) => [item, ...rest]),
  );
}
