import 'reflect-metadata';
import { ADMIN, startGateway, type RunningGateway } from '../testing/running-gateway';

const FRIEND = 'https://chat.example.org';
const STRANGER = 'https://evil.example.org';

describe('browsers and proxies', () => {
  let gateway: RunningGateway;
  beforeAll(async () => {
    gateway = await startGateway({ CORS_ORIGINS: `${FRIEND}, http://localhost:3000`, TRUSTED_PROXIES: '127.0.0.1' });
  });
  afterAll(() => gateway.stop());

  const preflight = (origin: string) =>
    gateway.send('/v1/chat/completions', {
      method: 'OPTIONS',
      headers: {
        origin,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'authorization,content-type',
      },
    });

  it('answers the preflight of a listed origin', async () => {
    const { status, headers } = await preflight(FRIEND);
    expect(status).toBe(204);
    expect(headers.get('access-control-allow-origin')).toBe(FRIEND);
    expect(headers.get('access-control-allow-credentials')).toBe('true');
    expect(headers.get('access-control-allow-headers')).toContain('authorization');
  });

  it('lets a listed origin read the headers that matter, on errors too', async () => {
    const { headers } = await gateway.send('/v1/models', { headers: { origin: FRIEND } });
    expect(headers.get('access-control-allow-origin')).toBe(FRIEND);
    expect(headers.get('vary')).toMatch(/origin/i);
    for (const name of ['x-request-id', 'x-ratelimit-remaining-requests', 'retry-after'])
      expect(headers.get('access-control-expose-headers')).toContain(name);
  });

  it('gives nothing to other origins', async () => {
    for (const origin of [STRANGER, 'null', `${FRIEND}.evil.org`, 'http://chat.example.org']) {
      expect((await preflight(origin)).headers.get('access-control-allow-origin')).toBeNull();
      const answer = await gateway.send('/v1/models', { headers: { origin } });
      expect(answer.headers.get('access-control-allow-origin')).toBeNull();
    }
  });

  it('behind a trusted proxy with TLS the cookie is Secure, and browsers are told to stay with TLS', async () => {
    const { email, password } = ADMIN;
    const headers = { 'x-forwarded-proto': 'https', 'x-forwarded-for': '203.0.113.9' };
    const answer = await gateway.send('/api/auth/login', { headers, body: { email, password } });
    expect(answer.headers.getSetCookie()[0]).toContain('; Secure');
    expect(answer.headers.get('strict-transport-security')).toMatch(/^max-age=\d+/);
  });
});
