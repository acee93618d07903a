import 'reflect-metadata';
import { eventually } from '#testing/eventually';
import { ADMIN, ADMIN_KEY, login, startGateway, type RunningGateway } from '../testing/running-gateway';

describe('Postgres away', () => {
  let gateway: RunningGateway;
  beforeAll(async () => {
    gateway = await startGateway();
  });
  afterAll(() => gateway.stop());

  it('does not stop those who are known; strangers read 503, not 401; and all is well when it is back', async () => {
    const { token } = await login(gateway);
    const models = (as: string) => gateway.send('/v1/models', { as });
    expect((await models(ADMIN_KEY)).status).toBe(200);
    expect((await models(token)).status).toBe(200);
    await gateway.postgres.kill();

    expect((await models(ADMIN_KEY)).status).toBe(200);
    expect((await models(token)).status).toBe(200);
    const stranger = await models('sk-tandem-nobody-knows-this-one');
    expect(stranger.status).toBe(503);
    expect(stranger.error?.code).toBe('service_unavailable');
    expect(Number(stranger.headers.get('retry-after'))).toBeGreaterThan(0);
    const { email, password } = ADMIN;
    expect((await gateway.send('/api/auth/login', { body: { email, password } })).status).toBe(503);
    expect((await gateway.send('/api/users', { as: token })).status).toBe(503);
    expect((await gateway.send('/health/live')).status).toBe(200);

    await gateway.postgres.restart();
    await eventually(async () => (await models('sk-tandem-nobody-knows-this-one')).status === 401);
    expect((await gateway.send('/api/users', { as: token })).status).toBe(200);
  });
});
