import { connect } from 'node:net';
import { Client } from 'pg';
import { eventually } from '#testing/eventually';
import { startSystem, type TestSystem } from '#testing/system';
import { allBegun, completed, ENDLESS, engineRuns, ledger, startChat, startChats } from './load';

const USER = 'user@tandem.test';

describe('requests that nobody wants any more', () => {
  let system: TestSystem;
  let adminToken: string;
  let userToken: string;

  beforeAll(async () => {
    system = await startSystem({ env: { VLLM_SIM_TOKENS_PER_SECOND: '50' } });
    adminToken = await signIn(system.adminEmail, system.adminPassword);
    const user = { email: USER, password: 'correct horse battery staple' };
    await post('/api/users', { ...user, role: 'user' }, adminToken);
    userToken = await signIn(user.email, user.password);
  });
  afterAll(() => system.stop());

  async function post(path: string, body: unknown, token?: string): Promise<Record<string, string>> {
    const answer = await fetch(`${system.url}${path}`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      },
      body: JSON.stringify(body),
    });
    expect(answer.ok).toBe(true);
    return (await answer.json()) as Record<string, string>;
  }

  const signIn = async (email: string, password: string): Promise<string> =>
    (await post('/api/auth/login', { email, password }))['accessToken'] ?? '';

  const cancel = (requestId: string | null, token: string) =>
    fetch(`${system.url}/api/requests/${String(requestId)}`, {
      method: 'DELETE',
      headers: { authorization: `Bearer ${token}` },
    });

  it.each([true, false])('clients that leave free their engine slots within a second (stream: %p)', async (stream) => {
    const chats = startChats(20, system.url, system.apiKey, { tokens: ENDLESS, stream });
    await engineRuns(system, 20);
    for (const chat of chats) chat.leave();
    // 1 s is the bar; the rest is room for a machine that has other work. They would run for minutes.
    await engineRuns(system, 0);
  });

  it('clients that leave in the moment in which they ask occupy nothing', async () => {
    const body = JSON.stringify({
      model: 'default',
      messages: [{ role: 'user', content: 'hello' }],
      max_tokens: ENDLESS,
      ignore_eos: true,
      stream: true,
    });
    const { port } = new URL(system.url);
    const begin = (key: string): string =>
      `POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${key}\r\n` +
      `Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
    await Promise.all(
      Array.from({ length: 60 }, async (_, index) => {
        const socket = connect({ port: Number(port), host: '127.0.0.1' });
        socket.on('error', () => undefined);
        // A token is looked up in the database the first time: the client is gone before the answer.
        socket.write(begin(index % 2 === 0 ? system.apiKey : adminToken), () =>
          index % 3 === 0 ? socket.resetAndDestroy() : socket.destroy(),
        );
        await new Promise((resolve) => socket.once('close', resolve));
      }),
    );
    await completed(startChat(system.url, system.apiKey, { tokens: 10 }));
    await engineRuns(system, 0);
    await eventually(async () =>
      /^tandem_gateway_streams 0$/m.test(await (await fetch(`${system.url}/metrics`)).text()),
    );
  });

  it('a client that leaves while its key is looked up is not answered by the engine', async () => {
    const { key } = await post('/api/keys', { name: 'slow to find' }, adminToken);
    const postgres = new Client({ connectionString: system.postgres.url });
    await postgres.connect();
    await postgres.query('BEGIN; LOCK TABLE gateway.api_keys IN ACCESS EXCLUSIVE MODE');
    const chat = startChat(system.url, key ?? '', { tokens: ENDLESS });
    await eventually(async () => {
      const { rowCount } = await postgres.query('SELECT FROM pg_locks WHERE NOT granted');
      return rowCount !== null && rowCount > 0;
    });
    chat.leave();
    await chat.ended;
    // The gateway has heard that the client has left when it answers somebody who asks after that.
    await fetch(`${system.url}/health/live`);
    await postgres.query('COMMIT');
    await postgres.end();
    await completed(startChat(system.url, key ?? '', { tokens: 10 }));
    await engineRuns(system, 0);
  });

  it('a client that closes its writing side is taken for gone, as node and proxies do: no hang, no slot', async () => {
    const body = JSON.stringify({
      model: 'default',
      messages: [{ role: 'user', content: 'half' }],
      max_tokens: ENDLESS,
      stream: true,
    });
    const { port } = new URL(system.url);
    const socket = connect({ port: Number(port), host: '127.0.0.1', allowHalfOpen: true });
    socket.end(
      `POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer ${system.apiKey}\r\n` +
        `Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    );
    socket.resume();
    await new Promise((resolve) => socket.once('close', resolve));
    await engineRuns(system, 0);
  });

  it.each([true, false])('the owner cancels a request by its id (stream: %p)', async (stream) => {
    const chat = startChat(system.url, userToken, { tokens: ENDLESS, stream });
    const id = stream ? await chat.requestId : await runningId();
    expect((await cancel(id, userToken)).status).toBe(204);
    expect(await chat.ended).toMatchObject({ complete: false, error: 'request_cancelled', broken: false });
    await engineRuns(system, 0);
    await eventually(async () => (await ledger(system)).get(id ?? '')?.outcome === 'client_cancelled');
    expect((await cancel(id, userToken)).status).toBe(404);
  });

  it("nobody cancels somebody else's, and an admin everybody's", async () => {
    const [admins, users] = [
      startChat(system.url, system.apiKey, { tokens: ENDLESS }),
      startChat(system.url, userToken, { tokens: ENDLESS }),
    ];
    await allBegun([admins, users]);
    const foreign = await cancel(await admins.requestId, userToken);
    expect(foreign.status).toBe(404);
    expect(await foreign.json()).toMatchObject({ error: { code: 'not_found' } });
    await engineRuns(system, 2);
    expect((await cancel(await users.requestId, adminToken)).status).toBe(204);
    expect((await users.ended).error).toBe('request_cancelled');
    expect((await cancel(await admins.requestId, system.apiKey)).status).toBe(204);
    expect((await admins.ended).error).toBe('request_cancelled');
  });

  it.each(['nothing-like-an-id', '%00', '*', '>', 'req_0', 'a'.repeat(500)])('%s is not running', async (id) => {
    expect((await cancel(id, adminToken)).status).toBe(404);
  });

  /** A request that does not stream tells its id at its end only; the ledger knows it earlier. */
  async function runningId(): Promise<string> {
    await engineRuns(system, 1);
    return eventually(async () => {
      const rows = [...(await ledger(system)).values()];
      return rows.find((row) => row.state === 'started' && row.user_email === USER)?.request_id;
    });
  }
});
