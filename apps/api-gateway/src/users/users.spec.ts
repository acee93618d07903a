import 'reflect-metadata';
import { AccessSubjects, type UsersQuery, type UsersRemoved } from '#contracts/access';
import { Bus } from '#common/bus';
import { DataSource } from 'typeorm';
import { ADMIN, ADMIN_KEY, login, startGateway, type RunningGateway } from '../testing/running-gateway';

describe('users', () => {
  let gateway: RunningGateway;
  let adminId: string;

  beforeAll(async () => {
    gateway = await startGateway();
    adminId = String((await gateway.send('/api/me', { as: ADMIN_KEY })).body['id']);
  });
  afterAll(() => gateway.stop());

  const make = (body: object) =>
    gateway.send('/api/users', { as: ADMIN_KEY, body: { password: 'a password', ...body } });
  const patch = (id: string, body: object) =>
    gateway.send(`/api/users/${id}`, { method: 'PATCH', as: ADMIN_KEY, body });
  const remove = (id: string) => gateway.send(`/api/users/${id}`, { method: 'DELETE', as: ADMIN_KEY });

  it('are made, read, changed and deleted by an admin', async () => {
    const made = await make({ email: 'Kim@Example.org' });
    expect(made.status).toBe(201);
    expect(made.body).toMatchObject({ email: 'kim@example.org', role: 'user', disabled: false });
    const id = String(made.body['id']);
    expect((await gateway.send(`/api/users/${id}`, { as: ADMIN_KEY })).body).toEqual(made.body);
    expect((await patch(id, { role: 'admin' })).body).toMatchObject({ role: 'admin' });
    expect((await remove(id)).status).toBe(204);
    expect((await gateway.send(`/api/users/${id}`, { as: ADMIN_KEY })).status).toBe(404);
    expect((await remove(id)).status).toBe(404);
  });

  it('are told apart from those who are deleted, for the ledger', async () => {
    const id = String((await make({ email: 'gone@example.org' })).body['id']);
    const { connection } = gateway.app.get(Bus, { strict: false });
    const deleted = async (): Promise<string[]> => {
      const query: UsersQuery = { userIds: [adminId, id, 'system'] };
      const answer = await connection.request(AccessSubjects.removedUsers, JSON.stringify(query));
      return answer.json<UsersRemoved>().userIds;
    };
    expect(await deleted()).toEqual([]);
    await remove(id);
    expect(await deleted()).toEqual([id]);
  });

  it('cannot share an e-mail, whatever its case', async () => {
    await make({ email: 'lee@example.org' });
    const again = await make({ email: 'LEE@example.org' });
    expect(again.status).toBe(409);
    expect(again.error).toMatchObject({ code: 'conflict', param: 'email' });
    const other = await make({ email: 'lee2@example.org' });
    expect((await patch(String(other.body['id']), { email: 'lee@example.org' })).status).toBe(409);
  });

  it('the last admin cannot be disabled, demoted or deleted', async () => {
    for (const answer of [
      await patch(adminId, { disabled: true }),
      await patch(adminId, { role: 'user' }),
      await remove(adminId),
    ]) {
      expect(answer.status).toBe(409);
      expect(answer.error?.message).toContain('last admin');
    }
    const second = await make({ email: 'second@example.org', role: 'admin', disabled: true });
    expect((await remove(adminId)).status).toBe(409); // a disabled admin is none
    expect((await remove(String(second.body['id']))).status).toBe(204);
  });

  it('two admins who demote each other at the same moment leave one', async () => {
    const second = await make({ email: 'race@example.org', role: 'admin' });
    const id = String(second.body['id']);
    const { token } = await login(gateway, { email: 'race@example.org', password: 'a password' });
    const demote = { role: 'user' };
    const answers = await Promise.all([
      patch(id, demote),
      gateway.send(`/api/users/${adminId}`, { method: 'PATCH', as: token, body: demote }),
    ]);
    // The slower one is the last admin by then (409), or is no admin any more (401).
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    const [left] = await gateway.app
      .get(DataSource)
      .query<{ count: string }[]>("SELECT count(*) FROM gateway.users WHERE role = 'admin' AND NOT disabled");
    expect(left?.count).toBe('1');
    // Whoever is left puts the first admin back for the other tests.
    await patch(adminId, { role: 'admin' });
    const again = await login(gateway, { email: 'race@example.org', password: 'a password' });
    await gateway.send(`/api/users/${adminId}`, { method: 'PATCH', as: again.token, body: { role: 'admin' } });
  });

  it('a new role is in force at once, for tokens and keys', async () => {
    const { body } = await make({ email: 'promoted@example.org', role: 'admin' });
    const { token } = await login(gateway, { email: 'promoted@example.org', password: 'a password' });
    const key = String((await gateway.send('/api/keys', { as: token, body: { name: 'k' } })).body['key']);
    expect((await gateway.send('/api/users', { as: key })).status).toBe(200);
    await patch(String(body['id']), { role: 'user' });
    expect((await gateway.send('/api/users', { as: key })).status).toBe(403);
    expect((await gateway.send('/api/users', { as: token })).status).toBe(401);
  });

  it.each<[object, string]>([
    [{ email: 'nobody' }, 'email'],
    [{ email: 'ümlaut@example.org' }, 'email'],
    [{ email: `${'x'.repeat(400)}@example.org` }, 'email'],
    [{ email: null }, 'email'],
    [{ email: 'x@example.org', password: 'short' }, 'password'],
    [{ email: 'x@example.org', password: 'x'.repeat(257) }, 'password'],
    [{ email: 'x@example.org', role: 'root' }, 'role'],
    [{ email: 'x@example.org', role: null }, 'role'],
    [{ email: 'x@example.org', disabled: 'no' }, 'disabled'],
    [{ email: 'x@example.org', tokenVersion: 1 }, 'tokenVersion'],
  ])('a user with %j is refused with the name of the field', async (body, param) => {
    const answer = await make(body);
    expect(answer.status).toBe(400);
    expect(answer.error?.param).toBe(param);
  });

  it('the first admin can sign in with what the first start made', async () => {
    expect((await login(gateway, ADMIN)).token).toMatch(/^eyJ/);
  });
});
