import { eventually } from '#testing/eventually';
import { startTandem, type TestTandem } from '#testing/tandem';
import { allBegun, completed, startChat, startChats, type Ended } from './load';

/** The bar is 5 s; the rest is room for a machine that has other work. */
const READY_AGAIN_MS = 60_000;

const SERVICES = ['usage-service', 'model-manager', 'chat-service', 'api-gateway'] as const;

describe('kill -9 under the supervisor of ./start', () => {
  let tandem: TestTandem;
  beforeAll(async () => {
    tandem = await startTandem({ env: { VLLM_SIM_TOKENS_PER_SECOND: '50', VLLM_SIM_LOAD_SECONDS: '0' } });
  });
  afterAll(() => tandem.stop());

  async function pidOf(name: string): Promise<number> {
    const pid = (await tandem.processes()).get(name)?.pid;
    if (typeof pid !== 'number') throw new Error(`${name} does not run`);
    return pid;
  }

  const enginePid = async (): Promise<number | null | undefined> =>
    [...(await tandem.processes()).values()].find(({ name }) => name.startsWith('engine:'))?.pid;

  /** Each look is a process of its own: one tells of both. */
  const readyAgain = (name: string, killed: number) =>
    eventually(
      async () => {
        const process = (await tandem.processes()).get(name);
        return process?.health === 'ready' && process.pid !== killed;
      },
      { timeoutMs: READY_AGAIN_MS, everyMs: 200 },
    );

  /** Retries as a client with a retry would: an error body is an answer, a broken connection is none. */
  async function servesAgain(): Promise<Ended> {
    return eventually(
      async () => {
        const chat = startChat(tandem.url, tandem.apiKey, { tokens: 5 });
        return (await chat.ended).complete ? completed(chat) : null;
      },
      { timeoutMs: READY_AGAIN_MS, everyMs: 100 },
    );
  }

  it.each(SERVICES)('%s comes back by itself, and the engine is the same', async (name) => {
    const [pid, engine] = [await pidOf(name), await enginePid()];
    const running = startChats(20, tandem.url, tandem.apiKey, { tokens: 200 });
    await allBegun(running);
    process.kill(pid, 'SIGKILL');
    await readyAgain(name, pid);
    await servesAgain();
    expect(await enginePid()).toBe(engine);
    for (const chat of running) {
      const ended = await chat.ended;
      if (name === 'api-gateway') expect(ended.broken).toBe(true);
      else if (name === 'chat-service') expect(ended.error).toBe('stream_interrupted');
      else await completed(chat);
    }
  });

  it('nats-server comes back by itself, streams end with an error event', async () => {
    const pid = await pidOf('nats-server');
    const running = startChats(20, tandem.url, tandem.apiKey, { tokens: 2_000 });
    await allBegun(running);
    process.kill(pid, 'SIGKILL');
    for (const chat of running) expect(await chat.ended).toMatchObject({ error: 'stream_interrupted', broken: false });
    await servesAgain();
    expect(await pidOf('nats-server')).not.toBe(pid);
  });

  it('postgres comes back by itself, and nobody who is known notices', async () => {
    const pid = await pidOf('postgres');
    const running = startChats(20, tandem.url, tandem.apiKey, { tokens: 200 });
    await allBegun(running);
    process.kill(pid, 'SIGKILL');
    await Promise.all(startChats(5, tandem.url, tandem.apiKey, { tokens: 5 }).map(completed));
    await Promise.all(running.map(completed));
    await readyAgain('postgres', pid);
  });
});
