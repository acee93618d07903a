import { Client } from 'pg';
import { eventually } from '#testing/eventually';
import { startSystem, type TestSystem } from '#testing/system';
import { Person } from './people';

describe('what is kept of somebody', () => {
  let system: TestSystem;
  beforeAll(async () => {
    system = await startSystem({ env: { CONVERSATION_RETENTION_DAYS: '30' } });
  });
  afterAll(() => system.stop());

  const admin = (): Person => new Person(system.url, system.apiKey);

  /** Somebody signed in, and an API key of theirs. */
  async function signIn(name: string): Promise<{ id: string; person: Person; byKey: Person }> {
    const credentials = { email: `${name}@example.org`, password: 'a long password' };
    const { id } = await admin().make<{ id: string }>('/api/users', credentials);
    const login = await admin().send('/api/auth/login', 'POST', credentials);
    const person = new Person(system.url, String(login.body['accessToken']));
    const { key } = await person.make<{ key: string }>('/api/keys', { name: 'editor' });
    return { id, person, byKey: new Person(system.url, key) };
  }

  async function sql<Row>(text: string, values: unknown[]): Promise<Row[]> {
    const client = new Client({ connectionString: system.postgres.url });
    await client.connect();
    try {
      return (await client.query(text, values)).rows as Row[];
    } finally {
      await client.end();
    }
  }

  async function ask(person: Person): Promise<void> {
    const answer = await person.send('/v1/chat/completions', 'POST', {
      model: 'default',
      messages: [{ role: 'user', content: 'hello' }],
      max_tokens: 3,
    });
    expect(answer.status).toBe(200);
  }

  it('can be taken along as one JSON document, of one’s own and without secrets', async () => {
    const { person, byKey } = await signIn('kim');
    const { person: other } = await signIn('lee');
    await person.conversation({ title: '김치찌개' });
    await person.conversation({ title: 'second' });
    await other.conversation({ title: 'of somebody else' });
    await person.make('/api/prompts', { name: 'short', text: 'Be short.' });
    await ask(byKey);

    await eventually(async () => {
      const { status, text, body } = await person.send('/api/me/data');
      expect(status).toBe(200);
      expect(body).toMatchObject({
        user: { email: 'kim@example.org' },
        keys: [{ name: 'editor' }],
        conversations: [
          { title: '김치찌개', messages: [] },
          { title: 'second', messages: [] },
        ],
        prompts: [{ name: 'short', text: 'Be short.' }],
        usage: [{ outcome: 'completed', outputTokens: 3 }],
      });
      expect(text).not.toMatch(/somebody else|sk-tandem-[A-Za-z0-9_-]{20}|argon2/);
      return true;
    });
    expect((await byKey.send('/api/me/data')).status).toBe(403);
  });

  it('is deleted when they say so; the account and the ledger stay', async () => {
    const { id, person, byKey } = await signIn('park');
    const { person: other } = await signIn('choi');
    await other.conversation({ title: 'stays' });
    await person.conversation({ title: 'goes' });
    await person.send('/api/me', 'PATCH', { defaultSystemPrompt: 'Be short.' });
    await ask(byKey);
    expect((await byKey.send('/api/me/data', 'DELETE')).status).toBe(403);
    const { status, body } = await person.send('/api/me/data', 'DELETE');
    expect({ status, body }).toEqual({ status: 200, body: { conversations: 1, messages: 0, prompts: 0 } });
    expect(await person.all('/api/conversations')).toEqual([]);
    expect(await other.all('/api/conversations')).toHaveLength(1);
    expect((await person.send('/api/me')).body).toMatchObject({ defaultSystemPrompt: null });
    await eventually(async () => (await sql('SELECT 1 FROM usage.requests WHERE user_id = $1', [id])).length === 1);
    await person.conversation({ title: 'a new beginning' });
    expect(await person.all('/api/conversations')).toHaveLength(1);
  });

  it('goes with the account when an admin deletes it', async () => {
    const { id, person } = await signIn('jung');
    await person.conversation({ title: 'goes' });
    await person.make('/api/prompts', { name: 'short', text: 'Be short.' });
    expect((await admin().send(`/api/users/${id}`, 'DELETE')).status).toBe(204);
    for (const table of ['conversations', 'prompts', 'owners'])
      await eventually(async () => (await sql(`SELECT 1 FROM chat.${table} WHERE owner_id = $1`, [id])).length === 0);
  });

  it('goes when it was not used for longer than the configured days', async () => {
    const { person } = await signIn('seo');
    const old = await person.conversation({ title: 'old' });
    const { id } = await person.conversation({ title: 'used yesterday' });
    const age = 'UPDATE chat.conversations SET updated_at = now() - make_interval(days => $2) WHERE id = $1';
    await sql(age, [old.id, 31]);
    await sql(age, [id, 1]);
    await system.restart('chat-service');
    await eventually(async () => (await person.send(`/api/conversations/${old.id}`)).status === 404, {
      timeoutMs: 60_000,
    });
    expect((await person.look(id)).title).toBe('used yesterday');
    const said = 'retention: deleted conversations older than 30 days';
    await eventually(() => system.log('chat-service').includes(said));
  });
});
