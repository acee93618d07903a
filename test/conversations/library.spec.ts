import type { ConversationListItem } from '#contracts/conversations';
import type { Prompt } from '#contracts/prompts';
import { eventually } from '#testing/eventually';
import { startSystem, type TestSystem } from '#testing/system';
import { newPerson, Person } from './people';

const NOBODYS = '00000000-0000-4000-8000-000000000000';

describe('conversations and prompts without a word said', () => {
  let system: TestSystem;
  let admin: Person;
  let kim: Person;
  let lee: Person;

  beforeAll(async () => {
    system = await startSystem();
    admin = new Person(system.url, system.apiKey);
    [kim, lee] = await Promise.all([newPerson(system.url, system.apiKey), newPerson(system.url, system.apiKey)]);
  });
  afterAll(() => system.stop());

  it('are listed last made first, page by page, and each only for its owner', async () => {
    for (let n = 0; n < 7; n++) await kim.conversation({ title: `conversation ${n}` });
    const mine = await kim.all<ConversationListItem>('/api/conversations', { limit: '3' });
    expect(mine.map(({ title }) => title)).toEqual([6, 5, 4, 3, 2, 1, 0].map((n) => `conversation ${n}`));
    expect(await lee.all('/api/conversations')).toEqual([]);
  });

  it('of somebody else do not exist, for an admin neither', async () => {
    const { id } = await kim.conversation({ title: 'private' });
    for (const other of [lee, admin]) {
      for (const path of ['', '/messages', '/export', '/export?format=json'])
        expect((await other.send(`/api/conversations/${id}${path}`)).status).toBe(404);
      expect((await other.send(`/api/conversations/${id}`, 'PATCH', { title: 'mine' })).status).toBe(404);
      expect((await other.send(`/api/conversations/${id}`, 'DELETE')).status).toBe(404);
    }
    expect((await kim.send(`/api/conversations/${NOBODYS}`)).status).toBe(404);
    expect((await kim.send('/api/conversations/no-id')).status).toBe(404);
    expect((await kim.look(id)).title).toBe('private');
  });

  it('are renamed, found by their title in any case, and deleted', async () => {
    const { id } = await kim.conversation();
    const renamed = await kim.send(`/api/conversations/${id}`, 'PATCH', { title: '100%_Über 회의록 \\' });
    expect(renamed.body).toMatchObject({ title: '100%_Über 회의록 \\', titleSource: 'user' });
    for (const q of ['회의', '100%_', 'ÜBER', 'über', '\\', '%_', '회의록'.normalize('NFD')])
      expect((await kim.search(q)).map((item) => item.id)).toEqual([id]);
    for (const q of ['%%', '100%%', '__über', '회록']) expect(await kim.search(q)).toEqual([]);
    expect((await kim.send(`/api/conversations/${id}`, 'DELETE')).status).toBe(204);
    expect((await kim.send(`/api/conversations/${id}`)).status).toBe(404);
    expect(await kim.search('회의')).toEqual([]);
  });

  it('keep the model and the parameters that their owner chose', async () => {
    const plain = await kim.conversation();
    expect(plain).toMatchObject({ model: null, parameters: {} });
    const chosen = { model: 'default', parameters: { temperature: 0.2, topP: 0.9, maxTokens: 300, seed: -1 } };
    const { id } = await kim.conversation(chosen);
    expect(await kim.look(id)).toMatchObject(chosen);
    await kim.send(`/api/conversations/${id}`, 'PATCH', { title: 'other things stay' });
    expect(await kim.look(id)).toMatchObject(chosen);
    await kim.send(`/api/conversations/${id}`, 'PATCH', { model: null, parameters: { topK: -1 } });
    expect(await kim.look(id)).toEqual(expect.objectContaining({ model: null, parameters: { topK: -1 } }));
  });

  it.each(['garbage', '!', 'e30', 'WzFd.', Buffer.from('[-1]').toString('base64url'), 'WyIxIl0', 'x'.repeat(201)])(
    'a cursor that no list gave (%s) is refused',
    async (cursor) => {
      const { id } = await kim.conversation();
      for (const path of ['/api/conversations', `/api/conversations/${id}/messages`, '/api/prompts']) {
        const answer = await kim.send(`${path}?cursor=${encodeURIComponent(cursor)}`);
        expect([answer.status, answer.code]).toEqual([400, 'invalid_value']);
      }
      expect((await kim.send(`/api/conversations?q=word&cursor=${encodeURIComponent(cursor)}`)).status).toBe(400);
    },
  );

  it.each([
    [{ title: '' }, 'title'],
    [{ title: 'nul \0' }, 'title'],
    [{ title: 'half \ud83d' }, 'title'],
    [{ title: 7 }, 'title'],
    [{ systemPrompt: {} }, 'systemPrompt'],
    [{ promptId: 'x' }, 'promptId'],
    [{ model: '' }, 'model'],
    [{ parameters: [] }, 'parameters'],
    [{ parameters: null }, 'parameters'],
    [{ parameters: { temperature: 3 } }, 'parameters.temperature'],
    [{ parameters: { topK: 1.5 } }, 'parameters.topK'],
    [{ parameters: { stop: ['x'] } }, 'parameters.stop'],
    [{ promptId: NOBODYS }, 'promptId'],
    [{ owner: 'lee' }, 'owner'],
  ])('%j is refused, and the field is named', async (body, param) => {
    const answer = await kim.send('/api/conversations', 'POST', body);
    expect([400, 404]).toContain(answer.status);
    expect(answer.body['error']).toMatchObject({ param });
  });

  it('prompts are one’s own; of two defaults the later one is it', async () => {
    const first = await kim.make<Prompt>('/api/prompts', { name: 'Kind', text: 'Be kind.', isDefault: true });
    const second = await kim.make<Prompt>('/api/prompts', { name: 'Short', text: 'Be short.', isDefault: true });
    expect(await kim.all<Prompt>('/api/prompts')).toMatchObject([
      { id: second.id, isDefault: true, shared: false },
      { id: first.id, isDefault: false },
    ]);
    expect(await lee.all('/api/prompts')).toEqual([]);
    for (const [method, body] of [['PATCH', { name: 'Mine' }] as const, ['DELETE', undefined] as const])
      expect((await lee.send(`/api/prompts/${first.id}`, method, body)).status).toBe(404);
    const changed = await kim.send(`/api/prompts/${first.id}`, 'PATCH', { text: 'Be very kind.' });
    expect(changed.body).toMatchObject({ name: 'Kind', text: 'Be very kind.', isDefault: false });
    expect((await kim.send(`/api/prompts/${second.id}`, 'DELETE')).status).toBe(204);
  });

  it('shared prompts are seen by all and changed by admins', async () => {
    const shared = await admin.make<Prompt>('/api/shared-prompts', { name: 'House', text: 'We are polite.' });
    expect(await lee.all<Prompt>('/api/prompts')).toMatchObject([{ id: shared.id, shared: true }]);
    expect((await lee.send('/api/shared-prompts', 'POST', { name: 'a', text: 'b' })).status).toBe(403);
    expect((await lee.send(`/api/prompts/${shared.id}`, 'PATCH', { text: 'mine' })).status).toBe(404);
    const conversation = await lee.conversation({ promptId: shared.id });
    expect((await admin.send(`/api/shared-prompts/${shared.id}`, 'DELETE')).status).toBe(204);
    expect((await lee.look(conversation.id)).promptId).toBeNull();
    const audit = await admin.all<{ action: string }>('/api/audit', { subject: shared.id });
    expect(audit.map(({ action }) => action)).toEqual(['prompt.deleted', 'prompt.created']);
  });

  it('say 503 while Postgres is away, and come back by themselves; stateless chat goes on', async () => {
    await system.postgres.kill();
    const away = await kim.send('/api/conversations');
    expect([away.status, away.code]).toEqual([503, 'service_unavailable']);
    const chat = { model: 'default', messages: [{ role: 'user', content: 'hello' }], max_tokens: 3 };
    expect((await kim.send('/v1/chat/completions', 'POST', chat)).status).toBe(200);
    await system.postgres.restart();
    await eventually(async () => (await kim.send('/api/conversations')).status === 200);
  });
});
