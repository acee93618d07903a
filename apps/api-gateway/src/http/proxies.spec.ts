import 'reflect-metadata';
import { ADMIN, startGateway } from '../testing/running-gateway';

const forwarded = { 'x-forwarded-proto': 'https', 'x-forwarded-for': '203.0.113.9' };
const { email, password } = ADMIN;

it('behind a trusted proxy with TLS the cookie is Secure, and browsers are told to stay with TLS', async () => {
  const gateway = await startGateway({ TRUSTED_PROXIES: '127.0.0.1' });
  const answer = await gateway.send('/api/auth/login', { headers: forwarded, body: { email, password } });
  expect(answer.headers.getSetCookie()[0]).toContain('; Secure');
  expect(answer.headers.get('strict-transport-security')).toMatch(/^max-age=\d+/);
  await gateway.stop();
});

it('what a stranger forwards is not believed: neither TLS nor another address', async () => {
  const gateway = await startGateway({ LOGIN_FAILURES: '2' });
  const guess = (address: string) =>
    gateway.send('/api/auth/login', {
      headers: { ...forwarded, 'x-forwarded-for': address },
      body: { email, password: 'a guess' },
    });
  const first = await guess('203.0.113.1');
  expect(first.headers.get('strict-transport-security')).toBeNull();
  expect([first.status, (await guess('203.0.113.2')).status]).toEqual([401, 401]);
  expect((await guess('203.0.113.3')).status).toBe(429);
  await gateway.stop();
});
