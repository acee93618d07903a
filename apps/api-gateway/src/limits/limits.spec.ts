import 'reflect-metadata';
import { ADMIN_KEY, login, startGateway, type RunningGateway } from '../testing/running-gateway';

describe('requests a minute', () => {
  let gateway: RunningGateway;
  beforeAll(async () => {
    gateway = await startGateway({ REQUESTS_PER_MINUTE: '7' });
  });
  afterAll(() => gateway.stop());

  const models = (as?: string) => gateway.send('/v1/models', as === undefined ? {} : { as });

  async function newKey(token: string, limits: object = {}): Promise<string> {
    return String((await gateway.send('/api/keys', { as: token, body: { name: 'k', ...limits } })).body['key']);
  }

  it('are told in the headers that SDKs read', async () => {
    const { headers } = await models(ADMIN_KEY);
    expect(headers.get('x-ratelimit-limit-requests')).toBe('7');
    expect(headers.get('x-ratelimit-remaining-requests')).toBe('6');
    expect(headers.get('x-ratelimit-reset-requests')).toMatch(/^(1m0s|\d+(\.\d+)?s|\d+ms)$/);
    expect((await models(ADMIN_KEY)).headers.get('x-ratelimit-remaining-requests')).toBe('5');
  });

  it("a key's own limit counts for that key alone, exactly, also when the requests come at once", async () => {
    const { token } = await login(gateway);
    const [three, free] = [await newKey(token, { requestsPerMinute: 3 }), await newKey(token)];
    const statuses = await Promise.all(Array.from({ length: 8 }, async () => (await models(three)).status));
    expect(statuses.sort()).toEqual([200, 200, 200, 429, 429, 429, 429, 429]);
    const refused = await models(three);
    expect(refused.error).toMatchObject({ code: 'rate_limit_exceeded', type: 'requests' });
    expect(refused.error?.message).toMatch(/^Rate limit reached for requests\. Limit: 3 \/ min\. Please try again in /);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
    expect(refused.headers.get('x-ratelimit-remaining-requests')).toBe('0');
    expect((await models(free)).status).toBe(200);
  });

  it('the same key by X-API-Key has the same limit', async () => {
    const { token } = await login(gateway);
    const key = await newKey(token, { requestsPerMinute: 2 });
    expect((await models(key)).status).toBe(200);
    expect((await gateway.send('/v1/models', { headers: { 'x-api-key': key } })).status).toBe(200);
    expect((await gateway.send('/v1/models', { headers: { 'x-api-key': key } })).status).toBe(429);
  });

  it('health and metrics are never limited', async () => {
    for (let times = 0; times < 10; times++) expect((await gateway.send('/health/live')).status).toBe(200);
    expect((await gateway.send('/metrics')).status).toBe(200);
  });
});
