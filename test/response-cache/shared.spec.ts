import { eventually } from '#testing/eventually';
import { redisServer, startRedis, type TestRedis } from '#testing/redis';
import type { TestService } from '#testing/service-process';
import { parseMetrics } from '#testing/simulator';
import { startSystem, type TestSystem } from '#testing/system';
import { Redis } from 'ioredis';
import { startWordingEngine, type WordingEngine } from '../code-assistant/wording-engine';
import { ask, fresh, type Heard } from './asking';

/** More than either chat-service takes by chance. */
const MANY = 12;
const ANSWERS = 'tandem:answers:*';

if (redisServer === undefined)
  process.stderr.write('redis-server is not on PATH: the cache of answers in Redis is NOT tested\n');

(redisServer === undefined ? describe.skip : describe)('the cache of answers of two chat-services', () => {
  let redis: TestRedis;
  let client: Redis;
  let engine: WordingEngine;
  let system: TestSystem;
  let chats: TestService[];

  beforeAll(async () => {
    [redis, engine] = await Promise.all([startRedis(), startWordingEngine()]);
    client = new Redis(redis.url, { retryStrategy: () => 100 });
    client.on('error', () => undefined); // away for a while, by intent
    const env = {
      RESPONSE_CACHE: 'redis',
      REDIS_URL: redis.url,
      RESPONSE_CACHE_TTL_S: '600',
      RESPONSE_CACHE_BYTES: '65536',
    };
    system = await startSystem({ engine: { url: engine.url }, env });
    chats = [system.services['chat-service'], await system.add('chat-service')];
    engine.say('An answer of several tokens');
  });
  afterAll(async () => {
    client.disconnect();
    await system.stop();
    await Promise.all([redis.stop(), engine.stop()]);
  });

  const atOnce = (body: Record<string, unknown>): Promise<Heard[]> =>
    Promise.all(Array.from({ length: MANY }, () => ask(system, body)));

  /** By chat-service: how many requests ended so. */
  const counted = (outcome: string): Promise<number[]> =>
    metrics(`tandem_response_cache_requests_total{outcome="${outcome}"}`);

  async function metrics(name: string): Promise<number[]> {
    return Promise.all(
      chats.map(async ({ url }) => parseMetrics(await (await fetch(`${url}/metrics`)).text())[name] ?? 0),
    );
  }

  const failures = () => metrics('tandem_response_cache_store_failures_total');

  /** A chat-service that a busy machine lets stand still for half a second takes Redis for away, as it should: then once more. */
  const whileRedisIsThere = (look: () => Promise<void>) => async (): Promise<void> => {
    for (let attempt = 1; ; attempt += 1) {
      const before = await failures();
      try {
        await look();
        return;
      } catch (error) {
        if (attempt === 3 || String(await failures()) === String(before)) throw error;
      }
    }
  };

  it(
    'is one: what one has generated the other gives too',
    whileRedisIsThere(async () => {
      const body = fresh();
      const first = await ask(system, body);
      const [engineAsked, before] = [engine.requests.length, await counted('hit')];
      const again = await atOnce(body);
      expect([first.cache, new Set(again.map(({ cache }) => cache))]).toEqual(['miss', new Set(['hit'])]);
      expect(new Set(again.map((one) => one.body))).toEqual(new Set([first.body]));
      expect(engine.requests).toHaveLength(engineAsked);
      const hits = (await counted('hit')).map((count, at) => count - (before[at] ?? 0));
      expect(Math.min(...hits)).toBeGreaterThan(0);
    }),
  );

  it(
    'asks the engine once for requests that come to both at once',
    whileRedisIsThere(async () => {
      const body = fresh();
      const engineAsked = engine.requests.length;
      const release = engine.hold();
      const running = atOnce(body);
      await eventually(async () => (await metrics('tandem_chat_in_flight')).every((inFlight) => inFlight > 0), {
        timeoutMs: 60_000,
      });
      release();
      const heard = await running;
      expect(heard.map(({ cache }) => cache).sort()).toEqual([...Array<string>(MANY - 1).fill('hit'), 'miss']);
      expect(engine.requests).toHaveLength(engineAsked + 1);
      await eventually(async () => (await client.keys('tandem:answering:*')).length === 0);
    }),
  );

  it(
    'lets another one ask when the first is cut off',
    whileRedisIsThere(async () => {
      const body = fresh();
      const engineAsked = engine.requests.length;
      const release = engine.hold();
      const leaving = new AbortController();
      const first = fetch(`${system.url}/v1/chat/completions`, {
        method: 'POST',
        signal: leaving.signal,
        headers: { 'content-type': 'application/json', authorization: `Bearer ${system.apiKey}` },
        body: JSON.stringify(body),
      }).catch(() => null);
      await eventually(() => engine.requests.length === engineAsked + 1, { timeoutMs: 60_000 });
      const others = atOnce(body);
      leaving.abort();
      await first;
      await eventually(() => engine.requests.length === engineAsked + 2, { timeoutMs: 60_000 });
      release();
      expect((await others).map(({ cache }) => cache).sort()).toEqual([...Array<string>(MANY - 1).fill('hit'), 'miss']);
      expect(engine.requests).toHaveLength(engineAsked + 2);
    }),
  );

  it(
    'keeps for as long as it is told, and nothing that is too large',
    whileRedisIsThere(async () => {
      engine.say('An answer of several tokens');
      await client.flushall();
      await ask(system, fresh());
      const keys = await eventually(async () => {
        const found = await client.keys(ANSWERS);
        return found.length > 0 && found;
      });
      expect(keys).toHaveLength(1);
      const ttl = await client.pttl(keys[0] ?? '');
      expect(ttl).toBeGreaterThan(0);
      expect(ttl).toBeLessThanOrEqual(600_000);
      await client.pexpire(keys[0] ?? '', 1);
      engine.say('word '.repeat(10_000));
      const body = fresh();
      expect([(await ask(system, body)).cache, (await ask(system, body)).cache]).toEqual(['miss', 'miss']);
      expect(await client.keys(ANSWERS)).toEqual([]);
      engine.say('An answer of several tokens');
    }),
  );

  it(
    'forgets on both when the guardrails change, and when an admin says so',
    whileRedisIsThere(async () => {
      const { adminEmail: email, adminPassword: password } = system;
      const login = await ask(system, { email, password }, {}, '/api/auth/login');
      const authorization = `Bearer ${(JSON.parse(login.body) as { accessToken: string }).accessToken}`;
      const policy = { lists: [], maskPiiInAnswers: true, injection: { flag: false, repeatSystemPrompt: false } };
      const changes: [string, RequestInit][] = [
        [
          '/api/guardrails/deployment',
          {
            method: 'PUT',
            headers: { authorization, 'content-type': 'application/json' },
            body: JSON.stringify(policy),
          },
        ],
        ['/api/cache', { method: 'DELETE', headers: { authorization } }],
      ];
      for (const [path, init] of changes) {
        const body = fresh();
        await ask(system, body);
        expect((await fetch(`${system.url}${path}`, init)).ok).toBe(true);
        // The news reach the second chat-service a moment later, and each keeps the answer under what it knows.
        const engineAsked = engine.requests.length;
        await eventually(async () => (await atOnce(body)).every(({ cache }) => cache === 'hit'), { timeoutMs: 60_000 });
        expect(engine.requests.length).toBeGreaterThan(engineAsked);
        await client.flushall();
        const after = fresh();
        const heard = [await ask(system, after), ...(await atOnce(after))];
        expect(heard.map(({ cache }) => cache)).toEqual(['miss', ...Array<string>(MANY).fill('hit')]);
      }
    }),
  );

  it('stands aside while Redis is away, which is logged and counted, and is there again with it', async () => {
    const body = fresh();
    await ask(system, body);
    const release = engine.hold();
    const running = atOnce(fresh());
    await eventually(async () => (await client.keys('tandem:answering:*')).length > 0, { timeoutMs: 60_000 });
    await redis.kill();
    release();
    expect((await running).every(({ status }) => status === 200)).toBe(true);
    const away = await atOnce(body);
    expect(away.every(({ status, cache }) => status === 200 && cache === 'bypass')).toBe(true);
    for (const chat of chats)
      await eventually(() => chat.log().includes('Redis is away: answers are generated without the cache'));
    expect(Math.min(...(await failures()))).toBeGreaterThan(0);
    await redis.restart();
    await eventually(async () => (await atOnce(body)).every(({ cache }) => cache === 'hit'), { timeoutMs: 60_000 });
    for (const chat of chats) await eventually(() => chat.log().includes('Redis is back'));
  });
});
