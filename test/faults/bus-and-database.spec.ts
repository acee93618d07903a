import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { once } from 'node:events';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect as connectNats } from '@nats-io/transport-node';
import { USAGE_STREAM, UsageSubjects } from '#contracts/usage';
import { eventually } from '#testing/eventually';
import type { TestService } from '#testing/service-process';
import { startSystem, type TestSystem } from '#testing/system';
import { allBegun, completed, ENDLESS, engineRuns, ledger, startChat, startChats } from './load';

/** A way to NATS that can be cut for one service alone. */
interface Bridge {
  readonly url: string;
  cut(): void;
  /** What NATS says does not arrive any more, until it is cut. */
  stall(): void;
  /** Once the service has sent `after`, nothing from `from` on arrives, nor anything later. */
  silence(after: string, from: string): void;
  stop(): Promise<void>;
}

async function bridgeTo(port: number): Promise<Bridge> {
  const sockets = new Set<Socket>();
  const fars = new Set<Socket>();
  let held: { after: string; from: string } | null = null;
  const server: Server = createServer((near) => {
    const far = connect({ port, host: '127.0.0.1' });
    fars.add(far);
    far.on('close', () => fars.delete(far));
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
      socket.on('error', () => undefined);
    }
    far.pipe(near);
    let [seen, silent] = [false, false];
    near.on('data', (bytes: Buffer) => {
      if (silent) return;
      const at = seen || held === null ? 0 : bytes.indexOf(held.after);
      seen ||= held !== null && at >= 0;
      const end = seen && held !== null ? bytes.indexOf(held.from, at) : -1;
      silent = end >= 0;
      far.write(silent ? bytes.subarray(0, end) : bytes);
    });
    near.on('close', () => far.destroy());
    far.on('close', () => near.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const stall = (): void => fars.forEach((socket) => socket.unpipe());
  const cut = (): void => sockets.forEach((socket) => socket.destroy());
  return {
    url: `nats://127.0.0.1:${(server.address() as AddressInfo).port}`,
    cut,
    stall,
    silence: (after, from) => (held = { after, from }),
    stop: async () => {
      cut();
      server.close();
      await once(server, 'close');
    },
  };
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false; // ESRCH: nobody has this pid any more
  }
}

describe('NATS and Postgres go away', () => {
  let system: TestSystem;
  let bridge: Bridge;
  let bridgedGateway: TestService;

  beforeAll(async () => {
    system = await startSystem({ env: { VLLM_SIM_TOKENS_PER_SECOND: '50', LEDGER_TIMEOUT_MS: '1500' } });
    bridge = await bridgeTo(system.nats.port);
    bridgedGateway = await system.add('api-gateway', { NATS_URL: bridge.url });
  });
  afterAll(async () => {
    await system.stop();
    await bridge.stop();
  });

  const chats = (count: number, tokens: number) => startChats(count, system.url, system.apiKey, { tokens });
  const serves = () => completed(startChat(system.url, system.apiKey, { tokens: 5 }));
  const allReady = () =>
    eventually(
      async () => {
        const urls = [bridgedGateway.url, ...Object.values(system.services).map(({ url }) => url)];
        const ready = await Promise.all(urls.map(async (url) => (await fetch(`${url}/health/ready`)).ok));
        return ready.every(Boolean);
      },
      { timeoutMs: 60_000 },
    );

  it('a gateway that alone loses NATS ends its streams with an error, and their engine slots are freed', async () => {
    const cut = startChats(5, bridgedGateway.url, system.apiKey, { tokens: ENDLESS });
    const others = chats(5, 150);
    await allBegun([...cut, ...others]);
    bridge.cut();
    for (const chat of cut)
      expect(await chat.ended).toMatchObject({ error: 'stream_interrupted', complete: false, broken: false });
    await Promise.all(others.map(completed));
    await engineRuns(system, 0);
    await allReady();
    await completed(startChat(bridgedGateway.url, system.apiKey, { tokens: 5 }));
  });

  it('an answer whose end a gateway never got is interrupted in the ledger too, with all its tokens', async () => {
    const chat = startChat(bridgedGateway.url, system.apiKey, { tokens: 150 });
    await chat.begun;
    bridge.stall();
    const id = (await chat.requestId) ?? '';
    const row = async () => (await ledger(system)).get(id);
    await eventually(async () => (await row())?.outcome === 'completed');
    bridge.cut();
    expect(await chat.ended).toMatchObject({ error: 'stream_interrupted', complete: false });
    await eventually(async () => (await row())?.outcome === 'interrupted');
    expect(await row()).toMatchObject({ state: 'finished', output_tokens: 150 });
    await allReady();
  });

  it('an answer that came whole is completed in the ledger, although its chat-service was killed before it could write that', async () => {
    const way = await bridgeTo(system.nats.port);
    const doomed = await system.add('chat-service', { NATS_URL: way.url });
    await system.kill('chat-service');
    const chat = await eventually(async () => {
      const one = startChat(system.url, system.apiKey, { tokens: 150 });
      const begun = await one.begun.then(
        () => true,
        () => false,
      );
      return begun ? one : null;
    });
    way.silence('data: [DONE]', `PUB ${UsageSubjects.events} `);
    const { requestId } = await completed(chat);
    await doomed.kill();
    await way.stop();
    await system.restart('chat-service');
    const row = async () => (await ledger(system)).get(requestId ?? '');
    await eventually(async () => (await row())?.state === 'closed', { timeoutMs: 60_000 });
    expect(await row()).toMatchObject({ outcome: 'completed', output_tokens: 150 });
    await allReady();
  });

  it('kill -9 of nats-server ends running streams with an error event; all come back by themselves', async () => {
    const before = await Promise.all(chats(10, 5).map(completed));
    const running = chats(20, ENDLESS);
    const waiting = startChats(3, system.url, system.apiKey, { tokens: ENDLESS, stream: false });
    await allBegun(running);
    await engineRuns(system, 23);
    await system.nats.kill();
    for (const chat of running)
      expect(await chat.ended).toMatchObject({ status: 200, error: 'stream_interrupted', broken: false });
    for (const chat of waiting) expect(await chat.ended).toMatchObject({ status: 502, error: 'stream_interrupted' });
    expect(await startChat(system.url, system.apiKey).ended).toMatchObject({ status: 503 });
    await system.nats.restart();
    await allReady();
    await engineRuns(system, 0);
    // JetStream recovers its streams for a moment after the server answers; until then requests are refused with 503.
    await eventually(serves);
    const all = [...before, ...(await Promise.all(running.map((chat) => chat.ended)))];
    await eventually(async () => {
      const rows = await ledger(system);
      return all.every(({ requestId }) => rows.get(requestId ?? '')?.state === 'finished');
    });
  });

  it('a full ledger refuses new requests with 503, also those that the engine answers at once', async () => {
    const connection = await connectNats({ servers: system.nats.url });
    const manager = await jetstreamManager(connection);
    const { config } = await manager.streams.info(USAGE_STREAM);
    await manager.streams.update(USAGE_STREAM, { max_bytes: 1 });
    try {
      for (const stream of [true, false])
        for (const tokens of [1, ENDLESS]) {
          const refused = await startChat(system.url, system.apiKey, { tokens, stream }).ended;
          expect(refused).toMatchObject({ status: 503, error: 'ledger_unavailable', text: '' });
        }
    } finally {
      await manager.streams.update(USAGE_STREAM, { max_bytes: config.max_bytes });
      await connection.close();
    }
    await eventually(serves);
    await engineRuns(system, 0);
  });

  it('Postgres away: who is known goes on, and the ledger catches up', async () => {
    await serves();
    await system.postgres.kill();
    const while_away = [...chats(10, 30), ...startChats(3, system.url, system.apiKey, { tokens: 5, stream: false })];
    const ended = await Promise.all(while_away.map(completed));
    expect(await startChat(system.url, 'sk-tandem-never-seen-before').ended).toMatchObject({
      status: 503,
      error: 'service_unavailable',
    });
    const login = await fetch(`${system.url}/api/auth/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ email: system.adminEmail, password: system.adminPassword }),
    });
    expect(login.status).toBe(503);
    await system.postgres.restart();
    await eventually(
      async () => {
        const rows = await ledger(system);
        return ended.every(({ requestId }) => rows.get(requestId ?? '')?.outcome === 'completed');
      },
      { timeoutMs: 60_000 },
    );
    await eventually(
      async () => (await startChat(system.url, 'sk-tandem-never-seen-before').ended).error === 'invalid_api_key',
    );
  });

  it('all services end at SIGTERM while NATS is away', async () => {
    const running = chats(5, ENDLESS);
    await allBegun(running);
    await system.nats.kill();
    for (const pid of Object.values(system.pids)) process.kill(pid, 'SIGTERM');
    for (const chat of running) expect((await chat.ended).error).toBe('stream_interrupted');
    // The journal waits 5 s for its ledger.
    await eventually(() => !Object.values(system.pids).some(isAlive), { timeoutMs: 60_000 });
  });
});
