import 'reflect-metadata';
import { DataSource } from 'typeorm';
import { ADMIN_KEY, login, startGateway, type RunningGateway } from '../testing/running-gateway';
import { AuditRetention } from './audit-retention';

interface Entry {
  actorEmail: string;
  action: string;
  subjectName: string;
  details: Record<string, unknown>;
}

describe('the record of what admins did', () => {
  let gateway: RunningGateway;
  beforeAll(async () => {
    gateway = await startGateway();
  });
  afterAll(() => gateway.stop());

  const admin = (method: string, path: string, body?: object) =>
    gateway.send(path, { method, as: ADMIN_KEY, ...(body === undefined ? {} : { body }) });
  const entries = async (query: string): Promise<Entry[]> =>
    (await admin('GET', `/api/audit?${query}`)).body['items'] as Entry[];

  it('holds every change of a user and of a key, never a secret, and outlives them', async () => {
    const made = await admin('POST', '/api/users', { email: 'kim@example.org', password: 'first password' });
    const id = String(made.body['id']);
    await admin('PATCH', `/api/users/${id}`, { role: 'admin', password: 'second password' });
    const { token } = await login(gateway, { email: 'kim@example.org', password: 'second password' });
    const key = await gateway.send('/api/keys', { as: token, body: { name: 'editor', tokensPerMinute: 10_000 } });
    await admin('DELETE', `/api/keys/${String(key.body['id'])}`);
    await admin('DELETE', `/api/users/${id}`);

    const ofUser = await entries(`subject=${id}`);
    expect(ofUser.map(({ action, details }) => [action, details])).toEqual([
      ['user.deleted', { role: 'admin' }],
      ['user.updated', { role: 'admin', password: 'changed' }],
      ['user.created', { role: 'user', disabled: false }],
    ]);
    const ofKey = await entries(`subject=${String(key.body['id'])}`);
    expect(ofKey).toMatchObject([
      { action: 'key.deleted', actorEmail: 'admin@tandem.local', subjectName: 'editor' },
      { action: 'key.created', actorEmail: 'kim@example.org', details: { tokensPerMinute: 10_000 } },
    ]);
    expect(JSON.stringify(await entries(''))).not.toMatch(/password"?:"(first|second)|sk-tandem/);
  });

  it('has no entry for what was refused', async () => {
    const answer = await admin('POST', '/api/users', { email: 'admin@tandem.local', password: 'taken e-mail' });
    expect(answer.status).toBe(409);
    expect((await entries('action=user.created')).map(({ subjectName }) => subjectName)).not.toContain(
      'admin@tandem.local',
    );
  });

  it('is for admins alone', async () => {
    await admin('POST', '/api/users', { email: 'lee@example.org', password: 'correct horse' });
    const { token } = await login(gateway, { email: 'lee@example.org', password: 'correct horse' });
    expect((await gateway.send('/api/audit', { as: token })).status).toBe(403);
    await gateway.send('/api/keys', { as: token, body: { name: 'her own' } });
    expect((await entries('action=key.created')).map(({ subjectName }) => subjectName)).not.toContain('her own');
  });

  it.each(['cursor=garbage', 'limit=0', 'limit=x'])('refuses ?%s', async (query) => {
    expect((await admin('GET', `/api/audit?${query}`)).status).toBe(400);
  });

  it('loses what is older than the configured days', async () => {
    const database = gateway.app.get(DataSource);
    await database.query(`
      INSERT INTO gateway.audit (created_at, actor_id, actor_email, action, subject_kind, subject_id, subject_name)
      SELECT now() - make_interval(days => age), gen_random_uuid(), 'old@example.org', 'user.created', 'user', 'x', 'x'
        FROM unnest(ARRAY[364, 366, 800]) AS age`);
    await gateway.app.get(AuditRetention).job.run();
    const left = await entries('subject=x');
    expect(left).toHaveLength(1);
  });
});
