import { eventually } from '#testing/eventually';
import type { TestService } from '#testing/service-process';
import { startSystem, type TestSystem } from '#testing/system';
import { allBegun, completed, ENDLESS, engineRuns, ledger, startChat } from './load';

describe('access that is taken away', () => {
  let system: TestSystem;
  let other: TestService;

  beforeAll(async () => {
    system = await startSystem({ env: { VLLM_SIM_TOKENS_PER_SECOND: '50' } });
    other = await system.add('api-gateway');
  });
  afterAll(() => system.stop());

  /** As the admin, through the gateway that does not hold the streams. */
  async function admin(method: string, path: string, body?: unknown): Promise<Record<string, string>> {
    const answer = await fetch(`${other.url}${path}`, {
      method,
      headers: { 'content-type': 'application/json', authorization: `Bearer ${system.apiKey}` },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    expect(answer.ok).toBe(true);
    return answer.status === 204 ? {} : ((await answer.json()) as Record<string, string>);
  }

  async function makeUser(email: string): Promise<{ id: string; token: string }> {
    const password = 'correct horse battery staple';
    const { id = '' } = await admin('POST', '/api/users', { email, password });
    const answer = await fetch(`${system.url}/api/auth/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ email, password }),
    });
    const { accessToken = '' } = (await answer.json()) as Record<string, string>;
    return { id, token: accessToken };
  }

  async function makeKey(token: string): Promise<{ id: string; key: string }> {
    const answer = await fetch(`${system.url}/api/keys`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
      body: JSON.stringify({ name: 'editor' }),
    });
    const { id = '', key = '' } = (await answer.json()) as Record<string, string>;
    return { id, key };
  }

  it.each(['disabled', 'deleted'] as const)(
    'a user who is %s is thrown out of running answers, with the reason; others are not',
    async (how) => {
      const { id, token } = await makeUser(`${how}@tandem.test`);
      const { key } = await makeKey(token);
      const theirs = [token, key].flatMap((credentials) =>
        [true, false].map((stream) => startChat(system.url, credentials, { tokens: ENDLESS, stream })),
      );
      await allBegun(theirs.filter((_, index) => index % 2 === 0));
      await engineRuns(system, 4);
      const neighbour = startChat(system.url, system.apiKey, { tokens: 200 });
      await neighbour.begun;

      if (how === 'disabled') await admin('PATCH', `/api/users/${id}`, { disabled: true });
      else await admin('DELETE', `/api/users/${id}`);

      const ended = await Promise.all(theirs.map((chat) => chat.ended));
      expect(ended.map(({ error }) => error)).toEqual(theirs.map(() => 'access_revoked'));
      expect(ended.map(({ status }) => status)).toEqual([200, 401, 200, 401]);
      await completed(neighbour);
      await engineRuns(system, 0);
      const again = await startChat(system.url, key, { tokens: 1 }).ended;
      expect(again.status).toBe(401);
      await eventually(async () => {
        const rows = await ledger(system);
        return ended.every(({ requestId }) => rows.get(requestId ?? '')?.outcome === 'interrupted');
      });
    },
  );

  it('a deleted key stops its own answers, not those of its owner', async () => {
    const { token } = await makeUser('owner@tandem.test');
    const { id, key } = await makeKey(token);
    const byKey = startChat(system.url, key, { tokens: ENDLESS });
    const bySession = startChat(system.url, token, { tokens: 200 });
    await allBegun([byKey, bySession]);
    await admin('DELETE', `/api/keys/${id}`);
    expect(await byKey.ended).toMatchObject({ error: 'access_revoked' });
    await completed(bySession);
  });
});
