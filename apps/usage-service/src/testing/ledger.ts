import { randomUUID } from 'node:crypto';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import type { INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Transport, type MicroserviceOptions } from '@nestjs/microservices';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { Logger } from 'nestjs-pino';
import { Client } from 'pg';
import { natsOptions } from '#common/bus';
import { RpcErrorFilter } from '#common/rpc-errors';
import { ensureUsageStream } from '#common/usage-stream';
import { USAGE_CONSUMER, USAGE_STREAM, UsageSubjects } from '#contracts/usage';
import { eventually } from '#testing/eventually';
import { startNats, type TestNats } from '#testing/nats';
import { startPostgres, type TestPostgres } from '#testing/postgres';
import { usageServiceModule } from '../app.module';
import { loadSettings } from '../config';

/** usage-service in this process, with a real nats-server and Postgres of its own. */
export interface TestLedger {
  readonly nats: TestNats;
  readonly postgres: TestPostgres;
  readonly connection: NatsConnection;
  readonly app: INestApplication;
  publish(...events: unknown[]): Promise<void>;
  query<Row>(sql: string, values?: unknown[]): Promise<Row[]>;
  rowsOf(requestId: string): Promise<Record<string, unknown>[]>;
  stateOf(requestId: string): Promise<unknown>;
  /** Everything that was published is dealt with. */
  drained(): Promise<boolean>;
  /** A command as the gateway sends it. */
  ask(subject: string, data: unknown): Promise<{ response?: unknown; err?: unknown }>;
  stop(): Promise<void>;
}

export async function startLedger(env: Readonly<Record<string, string>> = {}): Promise<TestLedger> {
  const [nats, postgres] = await Promise.all([startNats({ jetstream: true }), startPostgres()]);
  const connection = await connect({ servers: nats.url, maxReconnectAttempts: -1, reconnectTimeWait: 50 });
  // The publisher is up first, as chat-service may be.
  await ensureUsageStream(await jetstreamManager(connection));
  const app = await startInProcess({ ...env, NATS_URL: nats.url, DATABASE_URL: postgres.url });
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
  return {
    nats,
    postgres,
    connection,
    app,
    query,
    rowsOf,
    publish: async (...events) => {
      await jetstream(connection, { timeout: 5_000 }).publish(UsageSubjects.events, JSON.stringify({ events }));
    },
    stateOf: async (requestId) => (await rowsOf(requestId))[0]?.['state'],
    drained: () =>
      eventually(async () => {
        const manager = await jetstreamManager(connection);
        const [stream, consumer] = await Promise.all([
          manager.streams.info(USAGE_STREAM),
          manager.consumers.info(USAGE_STREAM, USAGE_CONSUMER),
        ]);
        return stream.state.messages === 0 && consumer.num_ack_pending === 0;
      }),
    ask: async (subject, data) => {
      const answer = await connection.request(subject, JSON.stringify({ id: randomUUID(), data }), { timeout: 10_000 });
      return answer.json();
    },
    stop: async () => {
      await app.close();
      await connection.close();
      await Promise.all([nats.stop(), postgres.stop()]);
    },
  };
}

/** The service as `main.ts` starts it, in this process. */
async function startInProcess(env: Readonly<Record<string, string>>): Promise<INestApplication> {
  const settings = loadSettings({ LOG_LEVEL: 'silent', ...env });
  const app = await NestFactory.create(usageServiceModule(settings), new FastifyAdapter(), { logger: false });
  // Before the microservice: connecting it binds the handlers with the filters that are there.
  app.useGlobalFilters(new RpcErrorFilter(app.get(Logger)));
  const options = { ...natsOptions(settings.NATS_URL, 'usage-commands'), queue: 'usage-service' };
  app.connectMicroservice<MicroserviceOptions>({ transport: Transport.NATS, options }, { inheritAppConfig: true });
  await app.startAllMicroservices();
  await app.init();
  return app;
}
