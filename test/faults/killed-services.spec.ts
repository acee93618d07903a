import { eventually } from '#testing/eventually';
import type { TestService } from '#testing/service-process';
import { startSystem, type TestSystem } from '#testing/system';
import { allBegun, completed, ENDLESS, engineRuns, ledger, startChat, startChats, type Ended } from './load';

/** A service is ready again within 5 s; the rest is room for a machine that has other work. */
const READY_AGAIN_MS = 60_000;

describe('kill -9 under load, two gateways and two chat-services', () => {
  let system: TestSystem;
  let secondGateway: TestService;
  let secondChat: TestService;
  /** Requests whose clients were told an id: each must be one row of the ledger. */
  const requestIds = new Set<string>();

  beforeAll(async () => {
    system = await startSystem({ env: { VLLM_SIM_TOKENS_PER_SECOND: '50', LOG_LEVEL: 'info' } });
    [secondGateway, secondChat] = await Promise.all([system.add('api-gateway'), system.add('chat-service')]);
  });
  afterAll(() => system.stop());

  const chats = (count: number, url: string, tokens: number) => startChats(count, url, system.apiKey, { tokens });

  async function endOf(running: readonly { ended: Promise<Ended> }[]): Promise<Ended[]> {
    const ended = await Promise.all(running.map((chat) => chat.ended));
    remember(ended);
    return ended;
  }

  function remember(ended: readonly Ended[]): void {
    for (const { requestId } of ended) if (requestId !== null) requestIds.add(requestId);
  }

  async function serves(url: string): Promise<void> {
    remember([await completed(startChat(url, system.apiKey, { tokens: 5 }))]);
  }

  it('of a gateway cuts only its own streams, and their engine slots are freed', async () => {
    const doomed = chats(10, secondGateway.url, ENDLESS);
    const others = chats(10, system.url, 300);
    await allBegun([...doomed, ...others]);
    await secondGateway.kill();
    for (const ended of await endOf(doomed)) expect(ended).toMatchObject({ complete: false, broken: true });
    remember(await Promise.all(others.map(completed)));
    await engineRuns(system, 0);
    await secondGateway.start();
    await serves(secondGateway.url);
  });

  it('of a chat-service ends its streams with an error event, not a hang; the other one goes on', async () => {
    const running = chats(20, system.url, 500);
    await allBegun(running);
    await secondChat.kill();
    const meanwhile = startChat(system.url, system.apiKey, { tokens: 20 });
    const ended = await endOf(running);
    expect(new Set(ended.map(({ broken, complete, error }) => `${broken} ${complete} ${error}`))).toEqual(
      new Set(['false true null', 'false false stream_interrupted']),
    );
    await Promise.all(running.map(async (chat) => ((await chat.ended).complete ? completed(chat) : null)));
    remember([await completed(meanwhile)]);
    await engineRuns(system, 0);
    await secondChat.start();
    await serves(system.url);
  });

  it('of usage-service is not noticed by anybody, and the ledger catches up', async () => {
    const running = chats(20, system.url, 150);
    await allBegun(running);
    await system.kill('usage-service');
    const more = chats(5, system.url, 10);
    remember(await Promise.all([...running, ...more].map(completed)));
    await system.restart('usage-service');
    const ids = [...running, ...more].map(async (chat) => (await chat.ended).requestId ?? '');
    const finished = await Promise.all(ids);
    await eventually(async () => {
      const rows = await ledger(system);
      return finished.every((id) => rows.get(id)?.outcome === 'completed');
    });
    const rows = await ledger(system);
    for (const chat of running) expect(rows.get((await chat.ended).requestId ?? '')?.output_tokens).toBe(150);
  });

  it('of model-manager is not noticed by anybody, and the engine is adopted, not restarted', async () => {
    const { pid } = await system.engine();
    const running = chats(20, system.url, 150);
    await allBegun(running);
    await system.kill('model-manager');
    await serves(system.url);
    await system.services['model-manager'].start();
    await eventually(async () => (await system.engine()).state === 'ready', { timeoutMs: READY_AGAIN_MS });
    expect((await system.engine()).pid).toBe(pid);
    remember(await Promise.all(running.map(completed)));
    await serves(system.url);
  });

  it('leaves one row of the ledger for each request', async () => {
    expect(requestIds.size).toBeGreaterThan(80);
    await eventually(async () => {
      const rows = await ledger(system);
      const missing = [...requestIds].filter((id) => !rows.has(id));
      if (missing.length > 0) throw new Error(`${missing.length} of ${requestIds.size} requests have no row`);
      return true;
    });
    expect(new Set((await ledger(system)).keys())).toEqual(requestIds);
  });
});

describe('SIGTERM under load', () => {
  let system: TestSystem;

  beforeAll(async () => {
    system = await startSystem({ env: { VLLM_SIM_TOKENS_PER_SECOND: '50' } });
  });
  afterAll(() => system.stop());

  it('of a gateway lets 50 streams end, and takes no new ones', async () => {
    const gateway = await system.add('api-gateway');
    const running = startChats(50, gateway.url, system.apiKey, { tokens: 150 });
    await allBegun(running);
    const gone = gateway.stop();
    await eventually(() =>
      fetch(`${gateway.url}/health/ready`).then(
        ({ ok }) => !ok,
        () => true,
      ),
    );
    const late = await startChat(gateway.url, system.apiKey).ended;
    expect(late.complete).toBe(false);
    expect(late.status === 503 ? late.error : 'refused').toMatch(/shutting_down|refused/);
    await Promise.all(running.map(completed));
    await gone;
  });

  it('of a chat-service lets 50 streams end; another one takes the new ones', async () => {
    const running = startChats(50, system.url, system.apiKey, { tokens: 150 });
    await allBegun(running);
    const second = await system.add('chat-service');
    const gone = system.services['chat-service'].stop();
    // Some of them are on their way to the one that ends in the moment in which it stops to take any.
    const late = [];
    for (let count = 0; count < 200; count++) {
      late.push(startChat(system.url, system.apiKey, { tokens: 2 }));
      await new Promise((resolve) => setImmediate(resolve));
    }
    await Promise.all([...running, ...late].map(completed));
    await gone;
    await completed(startChat(system.url, system.apiKey, { tokens: 5 }));
    await second.stop();
    // Nobody takes requests now: an error, and soon.
    expect(await startChat(system.url, system.apiKey).ended).toMatchObject({
      status: 503,
      error: 'service_unavailable',
    });
    await system.services['chat-service'].start();
    await eventually(async () => (await fetch(`${system.url}/health/ready`)).ok);
    await completed(startChat(system.url, system.apiKey, { tokens: 5 }));
  });

  it.each(['api-gateway', 'chat-service'] as const)(
    'of a %s tells streams that outlast the drain limit why they end',
    async (name) => {
      const service = await system.add(name, { DRAIN_TIMEOUT_MS: '500' });
      const gateway = name === 'api-gateway' ? service.url : system.url;
      const running = startChats(8, gateway, system.apiKey, { tokens: ENDLESS });
      await allBegun(running);
      await service.stop();
      if (name === 'chat-service') await system.restart('chat-service'); // ends those of the other one
      for (const chat of running) {
        const { error, complete, broken } = await chat.ended;
        expect({ complete, broken }).toEqual({ complete: false, broken: false });
        expect(['shutting_down', 'stream_interrupted']).toContain(error);
      }
      expect((await Promise.all(running.map((chat) => chat.ended))).map(({ error }) => error)).toContain(
        'shutting_down',
      );
      await engineRuns(system, 0);
    },
  );
});
