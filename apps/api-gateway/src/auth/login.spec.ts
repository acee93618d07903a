import 'reflect-metadata';
import { cookieOf, login, startGateway, type RunningGateway } from '../testing/running-gateway';

describe('sign in', () => {
  let gateway: RunningGateway;
  let admin: string;

  beforeAll(async () => {
    gateway = await startGateway({ LOGIN_FAILURES: '3' });
    admin = (await login(gateway)).token;
  });
  afterAll(() => gateway.stop());

  async function newUser(
    email: string,
    password = 'their first password',
  ): Promise<{ id: string; email: string; password: string }> {
    const made = await gateway.send('/api/users', { as: admin, body: { email, password } });
    expect(made.status).toBe(201);
    return { id: String(made.body['id']), email, password };
  }

  const refresh = (cookie: string) => gateway.send('/api/auth/refresh', { method: 'POST', headers: { cookie } });

  it('answers an access token, the user, and a cookie that scripts and other sites never see', async () => {
    const user = await newUser('one@example.org');
    const answer = await gateway.send('/api/auth/login', {
      body: { email: 'ONE@example.org', password: user.password },
    });
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({ expiresIn: 900, user: { id: user.id, email: user.email, role: 'user' } });
    expect(answer.headers.get('cache-control')).toBe('no-store');
    const [cookie] = answer.headers.getSetCookie();
    expect(cookie).toMatch(/^tandem_refresh=[\w-]{43}; Max-Age=\d+; Path=\/api\/auth; HttpOnly; SameSite=Strict$/);
    const me = await gateway.send('/api/me', { as: String(answer.body['accessToken']) });
    expect(me.body).toMatchObject({ email: user.email });
    expect(JSON.stringify([answer.body, me.body])).not.toMatch(/hash|argon2/i);
  });

  it('answers the same for a wrong password and for an account that does not exist', async () => {
    const user = await newUser('two@example.org');
    const wrong = await gateway.send('/api/auth/login', { body: { email: user.email, password: 'not this one' } });
    const nobody = await gateway.send('/api/auth/login', {
      body: { email: 'no@example.org', password: 'not this one' },
    });
    expect(wrong.status).toBe(401);
    expect(wrong.error).toEqual(nobody.error);
    expect(wrong.error?.code).toBe('invalid_credentials');
  });

  it('slows down who guesses at one account, the right password included, and leaves other accounts alone', async () => {
    const victim = await newUser('three@example.org');
    const other = await newUser('four@example.org');
    const guesses = Array.from({ length: 8 }, () =>
      gateway.send('/api/auth/login', { body: { email: victim.email, password: 'a guess' } }),
    );
    const statuses = (await Promise.all(guesses)).map(({ status }) => status).sort();
    expect(statuses).toEqual([401, 401, 401, 429, 429, 429, 429, 429]);
    const right = await gateway.send('/api/auth/login', { body: victim });
    expect(right.error?.code).toBe('unsupported_parameter'); // the id does not belong there: nothing was counted
    const { email, password } = victim;
    const refused = await gateway.send('/api/auth/login', { body: { email, password } });
    expect(refused.status).toBe(429);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(refused.error?.code).toBe('rate_limit_exceeded');
    await login(gateway, other);
  });

  it('trades a refresh cookie for a new one, and the access token works', async () => {
    const { cookie } = await login(gateway, await newUser('five@example.org'));
    const answer = await refresh(cookie);
    expect(answer.status).toBe(200);
    expect(cookieOf(answer)).not.toBe(cookie);
    expect((await gateway.send('/api/me', { as: String(answer.body['accessToken']) })).status).toBe(200);
    expect((await refresh(cookieOf(answer))).status).toBe(200);
  });

  it('a refresh cookie that comes a second time ends the whole family, the newest one included', async () => {
    const user = await newUser('six@example.org');
    const { cookie } = await login(gateway, user);
    const elsewhere = await login(gateway, user);
    const next = cookieOf(await refresh(cookie));
    const reused = await refresh(cookie);
    expect(reused.status).toBe(401);
    expect(reused.error?.code).toBe('invalid_token');
    expect(reused.headers.getSetCookie()[0]).toMatch(/^tandem_refresh=; Max-Age=0/);
    expect((await refresh(next)).status).toBe(401);
    expect((await refresh(elsewhere.cookie)).status).toBe(200); // another login is another family
  });

  it('of two refreshes at the same moment at most one wins, and the family ends', async () => {
    const { cookie } = await login(gateway, await newUser('seven@example.org'));
    const answers = await Promise.all([refresh(cookie), refresh(cookie), refresh(cookie)]);
    const won = answers.filter(({ status }) => status === 200);
    expect(won).toHaveLength(1);
    expect((await refresh(cookieOf(won[0]!))).status).toBe(401);
  });

  it('log out ends the session, and is calm about a second time', async () => {
    const { cookie } = await login(gateway, await newUser('eight@example.org'));
    const logout = () => gateway.send('/api/auth/logout', { method: 'POST', headers: { cookie } });
    expect((await logout()).status).toBe(204);
    expect((await refresh(cookie)).status).toBe(401);
    expect((await logout()).status).toBe(204);
  });

  it('a refresh without a cookie, or with garbage, is 401', async () => {
    expect((await gateway.send('/api/auth/refresh', { method: 'POST' })).error?.code).toBe('invalid_token');
    expect((await refresh('tandem_refresh=%00garbage; =; ;;')).status).toBe(401);
  });

  it('a new password needs the old one, ends every session at once, and is then the only one', async () => {
    const user = await newUser('nine@example.org');
    const { token, cookie } = await login(gateway, user);
    const change = (body: object) => gateway.send('/api/me', { method: 'PATCH', as: token, body });
    expect((await change({ password: 'their second password' })).error).toMatchObject({ param: 'currentPassword' });
    expect((await change({ password: 'their second password', currentPassword: 'wrong' })).status).toBe(401);
    const changed = await change({ password: 'their second password', currentPassword: user.password });
    expect(changed.status).toBe(200);
    expect((await gateway.send('/api/me', { as: token })).error?.code).toBe('invalid_token');
    expect((await refresh(cookie)).status).toBe(401);
    await login(gateway, { email: user.email, password: 'their second password' });
  });

  it('settings of mine are kept, and an API key cannot change them', async () => {
    const { token } = await login(gateway, await newUser('ten@example.org'));
    const settings = { language: 'ko', defaultModel: 'default', defaultSystemPrompt: '간결하게 답하세요.' };
    expect((await gateway.send('/api/me', { method: 'PATCH', as: token, body: settings })).body).toMatchObject(
      settings,
    );
    await gateway.send('/api/me', { method: 'PATCH', as: token, body: { defaultModel: null } });
    expect((await gateway.send('/api/me', { as: token })).body).toMatchObject({ ...settings, defaultModel: null });
    const key = await gateway.send('/api/keys', { as: token, body: { name: 'mine' } });
    const byKey = { method: 'PATCH', as: String(key.body['key']), body: settings };
    expect((await gateway.send('/api/me', byKey)).error?.code).toBe('insufficient_permissions');
  });

  it('what a stranger forwards is not believed: neither TLS nor another address', async () => {
    const { email } = await newUser('eleven@example.org');
    const guess = (address: string) =>
      gateway.send('/api/auth/login', {
        headers: { 'x-forwarded-for': address, 'x-forwarded-proto': 'https' },
        body: { email, password: 'a guess' },
      });
    const answers = [await guess('203.0.113.1'), await guess('203.0.113.2'), await guess('203.0.113.3')];
    expect(answers.map(({ status }) => status)).toEqual([401, 401, 401]);
    expect((await guess('203.0.113.4')).status).toBe(429);
    expect(answers[0]?.headers.get('strict-transport-security')).toBeNull();
  });
});
