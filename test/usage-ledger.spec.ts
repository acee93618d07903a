import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { Client } from 'pg';
import { ensureUsageStream } from '#common/usage-stream';
import { UsageSubjects, type UsageEvent } from '#contracts/usage';
import { eventually } from '#testing/eventually';
import { startNats, type TestNats } from '#testing/nats';
import { startPostgres, type TestPostgres } from '#testing/postgres';
import { startServiceProcess, type TestService } from '#testing/service-process';

const REQUESTS = 2_000;

describe('the ledger over kill -9', () => {
  let nats: TestNats;
  let postgres: TestPostgres;
  let connection: NatsConnection;
  let service: TestService;

  beforeAll(async () => {
    [nats, postgres] = await Promise.all([startNats({ jetstream: true }), startPostgres()]);
    connection = await connect({ servers: nats.url });
    await ensureUsageStream(await jetstreamManager(connection));
    service = await startServiceProcess('usage-service', { NATS_URL: nats.url, DATABASE_URL: postgres.url });
  });
  afterAll(async () => {
    await service.end();
    await connection.close();
    await Promise.all([nats.stop(), postgres.stop()]);
  });

  it('has exactly one finished row for each of 2,000 requests, although usage-service was killed three times among them', async () => {
    const stream = jetstream(connection);
    const publish = async (events: UsageEvent[]): Promise<void> => {
      await stream.publish(UsageSubjects.events, JSON.stringify({ events }));
    };
    let starting = Promise.resolve();
    const kills = new Set([500, 1_000, 1_500]);
    for (let request = 0; request < REQUESTS; request++) {
      await publish([event('started', request)]);
      await publish([event('finished', request)]);
      if (!kills.has(request)) continue;
      await starting;
      await service.kill();
      starting = service.start(); // while the requests go on
    }
    await starting;
    const client = new Client({ connectionString: postgres.url });
    await client.connect();
    const counts = (): Promise<{ rows: { all: string; finished: string; tokens: string }[] }> =>
      client.query(
        `SELECT count(*) AS all, count(*) FILTER (WHERE state = 'finished') AS finished, sum(output_tokens) AS tokens FROM usage.requests`,
      );
    // What was in the hands of a killed one comes again after its ack wait of 10 s.
    await eventually(async () => Number((await counts()).rows[0]?.finished) === REQUESTS, { timeoutMs: 60_000 });
    expect((await counts()).rows).toEqual([
      { all: String(REQUESTS), finished: String(REQUESTS), tokens: String((REQUESTS * (REQUESTS - 1)) / 2) },
    ]);
    await client.end();
  });
});

function event(kind: 'started' | 'finished', request: number): UsageEvent {
  const facts = {
    owner: 'chat-1',
    requestId: `r${request}`,
    createdAt: 1_700_000_000_000 + request,
    userId: 'u1',
    userEmail: 'a@example.com',
    keyId: null,
    endpoint: '/v1/chat/completions',
    model: 'm',
    profile: null,
    ctxLen: null,
    stream: true,
    choices: 1,
    engineLife: null,
  } as const;
  if (kind === 'started') return { kind, ...facts };
  return {
    kind,
    ...facts,
    inputTokens: 1,
    cachedTokens: 0,
    outputTokens: request,
    reasoningTokens: 0,
    countMethod: 'exact',
    queueMs: 0,
    ttftMs: 1,
    latencyMs: 2,
    statusCode: 200,
    outcome: 'completed',
    errorCode: null,
  };
}
