import 'reflect-metadata';
import { startGateway, type RunningGateway } from '../testing/running-gateway';

const FRIEND = 'https://chat.example.org';
const STRANGER = 'https://evil.example.org';

describe('CORS', () => {
  let gateway: RunningGateway;
  beforeAll(async () => {
    gateway = await startGateway({ CORS_ORIGINS: `${FRIEND}, http://localhost:3000` });
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
});

it('without a list no origin is allowed', async () => {
  const gateway = await startGateway();
  const answer = await gateway.send('/health/live', { headers: { origin: FRIEND } });
  expect(answer.headers.get('access-control-allow-origin')).toBeNull();
  await gateway.stop();
});
