import { createHmac, generateKeyPairSync } from 'node:crypto';
import 'reflect-metadata';
import { JwtService } from '@nestjs/jwt';
import { AccessSubjects, type AccessChanged } from '#contracts/access';
import { Bus } from '#common/bus';
import { eventually } from '#testing/eventually';
import { DataSource } from 'typeorm';
import { ADMIN_KEY, JWT_SECRET, login, startGateway, type RunningGateway } from '../testing/running-gateway';

const base64 = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

describe('who calls', () => {
  let gateway: RunningGateway;
  let admin: { token: string; id: string };

  beforeAll(async () => {
    gateway = await startGateway({ SWAGGER: 'admin' });
    const { token } = await login(gateway);
    admin = { token, id: String((await gateway.send('/api/me', { as: token })).body['id']) };
  });
  afterAll(() => gateway.stop());

  const me = (headers: Record<string, string>) => gateway.send('/api/me', { headers });

  async function newUser(name: string): Promise<{ id: string; token: string; key: string; keyId: string }> {
    const credentials = { email: `${name}@example.org`, password: 'a password' };
    const made = await gateway.send('/api/users', { as: admin.token, body: credentials });
    const { token } = await login(gateway, credentials);
    const key = await gateway.send('/api/keys', { as: token, body: { name } });
    return { id: String(made.body['id']), token, key: String(key.body['key']), keyId: String(key.body['id']) };
  }

  describe('API keys', () => {
    it('are taken from Authorization, whatever the case of Bearer, and from X-API-Key, and from both when they agree', async () => {
      expect((await me({ authorization: `Bearer ${ADMIN_KEY}` })).status).toBe(200);
      expect((await me({ authorization: `bEaReR   ${ADMIN_KEY}` })).status).toBe(200);
      expect((await me({ 'x-api-key': ADMIN_KEY })).status).toBe(200);
      expect((await me({ 'x-api-key': ADMIN_KEY, authorization: `Bearer ${ADMIN_KEY}` })).status).toBe(200);
    });

    it('two different credentials are nobody, also when both are good', async () => {
      const { key } = await newUser('both');
      expect((await me({ 'x-api-key': key, authorization: `Bearer ${ADMIN_KEY}` })).status).toBe(401);
      expect((await me({ 'x-api-key': key, authorization: `Bearer ${admin.token}` })).status).toBe(401);
    });

    it('without one the answer says how to send it, and names the scheme', async () => {
      const answer = await me({});
      expect(answer.status).toBe(401);
      expect(answer.error).toMatchObject({ code: 'invalid_api_key', type: 'invalid_request_error', param: null });
      expect(answer.error?.message).toContain("didn't provide an API key");
      expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer/);
      expect((await me({ authorization: 'Bearer ' })).error).toEqual(answer.error);
      expect((await me({ authorization: 'Basic YWRtaW46YWRtaW4=' })).status).toBe(401);
    });

    it('a wrong one is shown masked, and a prefix or an extension of a good one is wrong', async () => {
      const answer = await me({ authorization: `Bearer ${ADMIN_KEY}x` });
      expect(answer.error).toMatchObject({
        code: 'invalid_api_key',
        message: 'Incorrect API key provided: sk-...000x.',
      });
      for (const key of [ADMIN_KEY.slice(0, -1), `${ADMIN_KEY}0`, ADMIN_KEY.toUpperCase(), 'sk-tandem-', 'sk-'])
        expect((await me({ 'x-api-key': key })).status).toBe(401);
    });

    it('are refused as soon as they are deleted, and after they expired', async () => {
      const { key, keyId, token } = await newUser('deleted');
      expect((await gateway.send('/api/me', { as: key })).status).toBe(200);
      await gateway.send(`/api/keys/${keyId}`, { method: 'DELETE', as: token });
      expect((await gateway.send('/api/me', { as: key })).status).toBe(401);
      const expired = { name: 'expired', expiresAt: '2020-01-01T00:00:00Z' };
      const old = await gateway.send('/api/keys', { as: token, body: expired });
      expect((await gateway.send('/api/me', { as: String(old.body['key']) })).error?.message).toContain('has expired');
    });

    it('a key with limits cannot make itself one without', async () => {
      const { token } = await newUser('limited');
      const body = { name: 'limited', allowedModels: ['default'] };
      const key = String((await gateway.send('/api/keys', { as: token, body })).body['key']);
      const more = await gateway.send('/api/keys', { as: key, body: { name: 'free' } });
      expect(more.error?.code).toBe('insufficient_permissions');
    });

    it("an admin's key with limits cannot sign itself in by an account that it makes or changes", async () => {
      const body = { name: 'limited', monthlyTokens: 1 };
      const key = String((await gateway.send('/api/keys', { as: ADMIN_KEY, body })).body['key']);
      const account = { email: 'way-out@example.org', password: 'a password', role: 'admin' };
      const answers = [
        await gateway.send('/api/users', { as: key, body: account }),
        await gateway.send(`/api/users/${admin.id}`, { as: key, method: 'PATCH', body: { password: 'mine now' } }),
        await gateway.send(`/api/users/${admin.id}`, { as: key, method: 'DELETE' }),
      ];
      expect(answers.map(({ error }) => error?.code)).toEqual(Array(3).fill('insufficient_permissions'));
      expect((await gateway.send('/api/users', { as: key })).status).toBe(200);
    });
  });

  describe('access tokens', () => {
    const claims = () => ({ sub: admin.id, role: 'admin', ver: 0, exp: Math.floor(Date.now() / 1_000) + 600 });
    const good = { issuer: 'tandem', audience: 'tandem-api', algorithm: 'HS256' } as const;
    const sign = (payload: object, options: object = good, secret = JWT_SECRET) =>
      new JwtService().sign(payload, { ...options, secret });

    it('a token as Tandem makes it is taken', async () => {
      expect((await me({ authorization: `Bearer ${sign(claims())}` })).status).toBe(200);
    });

    const now = Math.floor(Date.now() / 1_000);
    const unsigned = (alg: string, payload: object) => `${base64({ alg, typ: 'JWT' })}.${base64(payload)}.`;
    const rsa = generateKeyPairSync('rsa', { modulusLength: 2_048 }).privateKey.export({
      type: 'pkcs8',
      format: 'pem',
    });
    const full = () => ({ ...claims(), iss: 'tandem', aud: 'tandem-api' });
    it.each<[string, () => string]>([
      ['with alg none', () => unsigned('none', full())],
      ['with alg NONE', () => unsigned('NoNe', full())],
      ['of another algorithm, same secret', () => sign(claims(), { ...good, algorithm: 'HS512' })],
      ['of an asymmetric algorithm', () => sign(claims(), { ...good, algorithm: 'RS256' }, String(rsa))],
      ['of another key', () => sign(claims(), good, 'another secret of thirty-two characters')],
      ['for another audience', () => sign(claims(), { ...good, audience: 'elsewhere' })],
      ['without an audience', () => sign(claims(), { issuer: 'tandem' })],
      ['of another issuer', () => sign(claims(), { ...good, issuer: 'elsewhere' })],
      ['that has expired', () => sign({ ...claims(), exp: now - 60 })],
      ['that never expires', () => sign({ sub: admin.id, role: 'admin', ver: 0 })],
      ['that is not valid yet', () => sign({ ...claims(), nbf: now + 600 })],
      ['of an older version of the account', () => sign({ ...claims(), ver: -1 })],
      ['of nobody', () => sign({ ...claims(), sub: '00000000-0000-4000-8000-000000000000' })],
      ['with a subject that is no id', () => sign({ ...claims(), sub: "' OR 1=1 --" })],
      ['with a changed payload', () => sign(claims()).replace(/\.[^.]+\./, `.${base64(full())}.`)],
      [
        'with a payload that is no JSON',
        () => {
          const head = `${base64({ alg: 'HS256', typ: 'JWT' })}.bm90IGpzb24`;
          return `${head}.${createHmac('sha256', JWT_SECRET).update(head).digest('base64url')}`;
        },
      ],
    ])('a token %s is refused', async (_name, token) => {
      const answer = await me({ authorization: `Bearer ${token()}` });
      expect(answer.status).toBe(401);
      expect(answer.error?.code).toBe('invalid_token');
    });

    it('end at once when the account is disabled, and so do its keys and logins', async () => {
      const user = await newUser('disabled');
      for (const as of [user.token, user.key]) expect((await gateway.send('/api/me', { as })).status).toBe(200);
      const body = { disabled: true };
      expect((await gateway.send(`/api/users/${user.id}`, { method: 'PATCH', as: admin.token, body })).status).toBe(
        200,
      );
      for (const as of [user.token, user.key]) expect((await gateway.send('/api/me', { as })).status).toBe(401);
      const again = { email: 'disabled@example.org', password: 'a password' };
      expect((await gateway.send('/api/auth/login', { body: again })).error?.message).toContain('disabled');
    });
  });

  describe('several gateways', () => {
    it('one that changes a user or key tells the others', async () => {
      const heard: AccessChanged[] = [];
      const bus = gateway.app.get(Bus, { strict: false });
      bus.subscribe(AccessSubjects.changed, (message) => heard.push(message.json()));
      const { id, keyId, token } = await newUser('announced');
      await gateway.send(`/api/keys/${keyId}`, { method: 'DELETE', as: token });
      await gateway.send(`/api/users/${id}`, { method: 'DELETE', as: admin.token });
      await eventually(() => heard.length >= 2);
      expect(heard).toEqual([
        { kind: 'key', keyId, ended: 'deleted' },
        { kind: 'user', userId: id, ended: 'deleted' },
      ]);
    });

    it('one that hears of a disabled user refuses its tokens and keys', async () => {
      const user = await newUser('elsewhere');
      for (const as of [user.token, user.key]) expect((await gateway.send('/api/me', { as })).status).toBe(200);
      await gateway.app.get(DataSource).query('UPDATE gateway.users SET disabled = true WHERE id = $1', [user.id]);
      const changed: AccessChanged = { kind: 'user', userId: user.id };
      gateway.app.get(Bus, { strict: false }).publishJson(AccessSubjects.changed, changed);
      for (const as of [user.token, user.key])
        await eventually(async () => (await gateway.send('/api/me', { as })).status === 401);
    });

    it('one that may have missed the news asks again before it trusts what it knows', async () => {
      const { id, key } = await newUser('missed');
      expect((await gateway.send('/api/me', { as: key })).status).toBe(200);
      await gateway.nats.kill();
      await gateway.app.get(DataSource).query('UPDATE gateway.users SET disabled = true WHERE id = $1', [id]);
      await gateway.nats.restart();
      await eventually(async () => (await gateway.send('/api/me', { as: key })).status === 401);
    });
  });

  it('an ordinary user is told 403 on routes for admins, and so is their key', async () => {
    const { token, key } = await newUser('ordinary');
    for (const as of [token, key]) {
      const answer = await gateway.send('/api/users', { as });
      expect(answer.status).toBe(403);
      expect(answer.error?.code).toBe('insufficient_permissions');
    }
  });

  it('metrics are open to a private address, but not to what came through a proxy', async () => {
    expect((await gateway.send('/metrics')).status).toBe(200);
    const forwarded = { 'x-forwarded-for': '203.0.113.9' };
    expect((await gateway.send('/metrics', { headers: forwarded })).status).toBe(401);
    expect((await gateway.send('/metrics', { headers: forwarded, as: admin.token })).status).toBe(200);
  });

  it('with SWAGGER=admin the API console is for admins', async () => {
    expect((await gateway.send('/api/docs')).status).toBe(401);
    expect((await gateway.send('/api/docs/openapi.json')).status).toBe(401);
    expect((await gateway.send('/api/docs/openapi.json', { as: (await newUser('curious')).token })).status).toBe(403);
    expect((await gateway.send('/api/docs/openapi.json', { as: ADMIN_KEY })).status).toBe(200);
  });
});
