import 'reflect-metadata';
import { ADMIN_KEY, login, startGateway, type Answer, type RunningGateway } from '../testing/running-gateway';

describe('keys', () => {
  let gateway: RunningGateway;
  let kim: string;
  let lee: string;

  beforeAll(async () => {
    gateway = await startGateway({ REQUESTS_PER_MINUTE: '1000' });
    [kim, lee] = [await newUser('kim@example.org'), await newUser('lee@example.org')];
  });
  afterAll(() => gateway.stop());

  async function newUser(email: string): Promise<string> {
    const credentials = { email, password: 'a password' };
    await gateway.send('/api/users', { as: ADMIN_KEY, body: credentials });
    return (await login(gateway, credentials)).token;
  }

  const make = (as: string, body: object) => gateway.send('/api/keys', { as, body: { name: 'a key', ...body } });
  const list = async (as: string, query = ''): Promise<Record<string, unknown>[]> =>
    (await gateway.send(`/api/keys${query}`, { as })).body['items'] as Record<string, unknown>[];

  it('show the secret once, and never again', async () => {
    const made = await make(kim, {});
    expect(made.status).toBe(201);
    expect(made.body['key']).toMatch(/^sk-tandem-[\w-]{43}$/);
    const [listed] = await list(kim);
    expect(listed).toMatchObject({ id: made.body['id'], hint: `sk-tandem-...${String(made.body['key']).slice(-4)}` });
    expect(JSON.stringify(await list(kim))).not.toContain(String(made.body['key']));
    expect(JSON.stringify(await list(kim))).not.toContain('ash');
  });

  it('of somebody else do not exist, for an admin all do', async () => {
    const made = await make(kim, { name: "kim's" });
    const path = `/api/keys/${String(made.body['id'])}`;
    const rename = { method: 'PATCH', body: { name: 'mine now' } };
    const answers: Answer[] = [
      await gateway.send(path, { ...rename, as: lee }),
      await gateway.send(path, { method: 'DELETE', as: lee }),
      await gateway.send('/api/keys/00000000-0000-4000-8000-000000000000', { ...rename, as: lee }),
      await gateway.send('/api/keys/no-id', { ...rename, as: lee }),
      await gateway.send("/api/keys/';DROP TABLE users", { method: 'DELETE', as: lee }),
    ];
    expect(answers.map(({ status }) => status)).toEqual([404, 404, 404, 404, 404]);
    expect(answers[0]?.error).toEqual(answers[2]?.error);
    expect((await list(lee)).map(({ name }) => name)).not.toContain("kim's");
    expect((await list(ADMIN_KEY)).map(({ name }) => name)).toContain("kim's");
    const owner = String(made.body['userId']);
    expect((await list(ADMIN_KEY, `?user=${owner}`)).every(({ userId }) => userId === owner)).toBe(true);
    expect(await list(lee, `?user=${owner}`)).toEqual([]);
    expect((await gateway.send(path, { method: 'DELETE', as: ADMIN_KEY })).status).toBe(204);
  });

  it('take changes of their limits at once, and keep what was left out', async () => {
    const made = await make(kim, {
      requestsPerMinute: 1,
      monthlyTokens: 5_000_000_000,
      expiresAt: '2099-01-01T00:00:00Z',
    });
    const key = String(made.body['key']);
    expect((await gateway.send('/api/me', { as: key })).status).toBe(200);
    expect((await gateway.send('/api/me', { as: key })).status).toBe(429);
    const path = `/api/keys/${String(made.body['id'])}`;
    const changed = await gateway.send(path, { method: 'PATCH', as: kim, body: { requestsPerMinute: 50 } });
    expect(changed.body).toMatchObject({
      name: 'a key',
      requestsPerMinute: 50,
      monthlyTokens: 5_000_000_000,
      expiresAt: '2099-01-01T00:00:00.000Z',
    });
    const after = await gateway.send('/api/me', { as: key });
    expect(after.status).toBe(200);
    expect(after.headers.get('x-ratelimit-limit-requests')).toBe('50');
  });

  it.each<[object, string]>([
    [{ name: '' }, 'name'],
    [{ name: 'nul \0 here' }, 'name'],
    [{ name: 7 }, 'name'],
    [{ name: undefined }, 'name'],
    [{ expiresAt: 'tomorrow' }, 'expiresAt'],
    [{ expiresAt: '2030-02-31T00:00:00Z' }, 'expiresAt'],
    [{ expiresAt: '2030-01-01T00:00:00+99:99' }, 'expiresAt'],
    [{ expiresAt: 1e308 }, 'expiresAt'],
    [{ allowedModels: 'default' }, 'allowedModels'],
    [{ allowedModels: [] }, 'allowedModels'],
    [{ allowedModels: [null] }, 'allowedModels'],
    [{ allowedModels: ['a\0'] }, 'allowedModels'],
    [{ allowedModels: Array.from({ length: 101 }, (_, index) => `m${index}`) }, 'allowedModels'],
    [{ requestsPerMinute: 0 }, 'requestsPerMinute'],
    [{ requestsPerMinute: -1 }, 'requestsPerMinute'],
    [{ requestsPerMinute: 2 ** 31 }, 'requestsPerMinute'],
    [{ requestsPerMinute: 1e308 }, 'requestsPerMinute'],
    [{ requestsPerMinute: '1' }, 'requestsPerMinute'],
    [{ requestsPerMinute: true }, 'requestsPerMinute'],
    [{ monthlyTokens: 1.5 }, 'monthlyTokens'],
    [{ userId: '00000000-0000-4000-8000-000000000000' }, 'userId'],
    [{ keyHash: 'x' }, 'keyHash'],
  ])('a key with %j is refused with the name of the field', async (body, param) => {
    const answer = await make(kim, body);
    expect(answer.status).toBe(400);
    expect(answer.error).toMatchObject({ param, type: 'invalid_request_error' });
  });

  it('are listed page by page, newest first, each once', async () => {
    const names = Array.from({ length: 7 }, (_, index) => `page ${index}`);
    for (const name of names) await make(lee, { name });
    const seen: unknown[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const path: string = `/api/keys?limit=3${cursor === '' ? '' : `&cursor=${cursor}`}`;
      const { body }: Answer = await gateway.send(path, { as: lee });
      seen.push(...(body['items'] as { name: string }[]).map(({ name }) => name));
      cursor = body['nextCursor'] as string | null;
    }
    expect(seen).toEqual(names.reverse());
  });

  it.each([
    'cursor=garbage',
    'cursor=',
    'cursor=WzEsMl0',
    'cursor=WzFlMzA4LCJ4Il0',
    'limit=0',
    'limit=201',
    'limit=x',
    'limit=1&limit=2',
    'other=1',
  ])('a list with ?%s is 400', async (query) => {
    const answer = await gateway.send(`/api/keys?${query}`, { as: kim });
    expect(answer.status).toBe(400);
    expect(answer.error?.param).toBe(query.split('=', 1)[0]);
  });
});
