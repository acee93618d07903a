import { connect } from '@nats-io/transport-node';
import { ModelSubjects, type EngineState, type ModelsState } from '#contracts/models';
import { eventually } from '#testing/eventually';
import { redisServer, startRedis, type TestRedis } from '#testing/redis';
import type { TestService } from '#testing/service-process';
import { startSystem, type TestSystem } from '#testing/system';
import { allBegun, completed, ENDLESS, engineRuns, startChat, startChats } from '../faults/load';
import { Accounts } from './accounts';
import { ask, statuses } from './chats';

const ROOM = 4;

if (redisServer === undefined)
  process.stderr.write('redis-server is not on PATH: limits over several gateways are NOT tested\n');

(redisServer === undefined ? describe.skip : describe)('two gateways and two chat-services', () => {
  let redis: TestRedis;
  let system: TestSystem;
  let accounts: Accounts;
  let second: TestService;
  let chat: TestService;

  beforeAll(async () => {
    redis = await startRedis();
    const env = { REDIS_URL: redis.url, VLLM_SIM_TOKENS_PER_SECOND: '200', VLLM_SIM_MAX_NUM_SEQS: String(ROOM) };
    system = await startSystem({ env });
    [second, chat] = await Promise.all([system.add('api-gateway'), system.add('chat-service')]);
    accounts = await Accounts.of(system);
  });
  afterAll(async () => {
    await system.stop();
    await redis.stop();
  });

  const both = (): string[] => [system.url, second.url];
  const waiting = async (service: TestService): Promise<number> =>
    Number(/^tandem_chat_queue_waiting (\d+)$/m.exec(await (await fetch(`${service.url}/metrics`)).text())?.[1]);

  it('count tokens a minute together', async () => {
    const { usage } = await ask(system.url, system.apiKey, { maxTokens: 1 });
    const tokens = (usage?.prompt_tokens ?? 0) + 50;
    const key = await accounts.newKey({ tokensPerMinute: 3 * tokens });
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, index) => ask(both()[index % 2] ?? '', key, { maxTokens: 50 })),
    );
    expect(statuses(answers)).toEqual([200, 200, 200, 429, 429, 429, 429, 429, 429, 429]);
  });

  it('count requests at once together; a gateway that is killed gives its places back', async () => {
    const key = await accounts.newKey({ concurrentRequests: 2 });
    const chats = both().map((url) => startChat(url, key, { tokens: ENDLESS }));
    await allBegun(chats);
    for (const url of both()) expect((await ask(url, key, { maxTokens: 1 })).status).toBe(429);
    await second.kill();
    await eventually(async () => (await ask(system.url, key, { maxTokens: 1 })).status === 200, { timeoutMs: 60_000 });
    await second.start();
    for (const one of chats) one.leave();
    await engineRuns(system, 0);
  });

  it('keep together to what the engine runs, and a flood does not delay another user', async () => {
    const [flooder, ann] = [await accounts.newUserKey(), await accounts.newUserKey()];
    const flood = startChats(24, system.url, flooder, { tokens: 300 });
    await eventually(
      async () => (await waiting(chat)) + (await waiting(system.services['chat-service'])) === 24 - ROOM,
    );
    await eventually(async () => {
      const metrics = await system.engineMetrics();
      expect(metrics['vllm:num_requests_waiting']).toBe(0);
      return metrics['vllm:num_requests_running'] === ROOM;
    });
    await completed(startChat(second.url, ann, { tokens: 5 }));
    expect((await waiting(chat)) + (await waiting(system.services['chat-service']))).toBeGreaterThan(4);
    await Promise.all(flood.map(completed));
  });

  it('refuse a refresh token that was used at the other gateway, and end its whole family', async () => {
    const post = (url: string, path: string, headers: Record<string, string>, body?: object): Promise<Response> =>
      fetch(url + path, {
        method: 'POST',
        headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
    const cookieOf = (answer: Response): string => answer.headers.getSetCookie()[0]?.split(';', 1)[0] ?? '';
    const refresh = (url: string, cookie: string): Promise<Response> => post(url, '/api/auth/refresh', { cookie });
    const { adminEmail: email, adminPassword: password } = system;
    const stolen = cookieOf(await post(system.url, '/api/auth/login', {}, { email, password }));
    const renewed = await refresh(second.url, stolen);
    expect(renewed.status).toBe(200);
    expect((await refresh(system.url, stolen)).status).toBe(401);
    expect((await refresh(second.url, cookieOf(renewed))).status).toBe(401);
  });

  it('hold requests during a switch, and serve all of them when the state says ready', async () => {
    const nats = await connect({ servers: system.nats.url });
    const answer = await nats.request(ModelSubjects.status, JSON.stringify({ id: '1', data: {} }));
    const heard = answer.json<{ response: ModelsState }>().response;
    const [engine] = heard.engines;
    let { revision } = heard;
    /** Comes before whatever is sent afterwards. */
    const announce = (state: EngineState): Promise<void> => {
      revision += 1;
      nats.publish(ModelSubjects.state, JSON.stringify({ ...heard, revision, engines: [{ ...engine!, state }] }));
      return nats.flush();
    };
    await system.kill('model-manager'); // the test tells the state in its stead
    await announce({ kind: 'draining' });
    const held = both().flatMap((url) => startChats(6, url, system.apiKey, { tokens: 5 }));
    await eventually(async () => (await waiting(chat)) + (await waiting(system.services['chat-service'])) === 12);
    await announce(engine!.state);
    await Promise.all(held.map(completed));
    await nats.close();
    await system.services['model-manager'].start();
  });
});
