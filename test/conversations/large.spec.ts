import { Client } from 'pg';
import { eventually } from '#testing/eventually';
import { startSystem, type TestSystem } from '#testing/system';
import { completed } from './chat-stream';
import { newPerson, type Person } from './people';

const MESSAGES = 10_000;

describe('a conversation of ten thousand messages, each the child of the one before', () => {
  let system: TestSystem;
  let kim: Person;
  let id: string;

  beforeAll(async () => {
    system = await startSystem({ env: { VLLM_SIM_TOKENS_PER_SECOND: '200' } });
    kim = await newPerson(system.url, system.apiKey);
    ({ id } = await kim.conversation({ title: 'long' }));
    await fill();
  });
  afterAll(() => system.stop());

  /** Made in the database: ten thousand chats would take minutes. */
  async function fill(): Promise<void> {
    const client = new Client({ connectionString: system.postgres.url });
    await client.connect();
    await client.query(
      `WITH owner AS (SELECT owner_id FROM chat.conversations WHERE id = $1),
       line AS (
         SELECT n, ('00000000-0000-4000-8000-' || lpad(to_hex(n), 12, '0'))::uuid AS id FROM generate_series(1, $2::int) AS n
       ), made AS (
         INSERT INTO chat.messages (id, conversation_id, owner_id, place, parent_id, depth, role, content)
         SELECT line.id, $1, owner.owner_id, 1000 + n, lag(line.id) OVER (ORDER BY n), n - 1,
                CASE WHEN n % 2 = 1 THEN 'user' ELSE 'assistant' END, 'message number ' || n
           FROM line, owner RETURNING id, place
       ), counted AS (
         UPDATE chat.owners SET last_place = 1000 + $2 WHERE owner_id = (SELECT owner_id FROM owner) RETURNING 1
       )
       UPDATE chat.conversations SET active_leaf_id = (SELECT id FROM made ORDER BY place DESC LIMIT 1) WHERE id = $1`,
      [id, MESSAGES],
    );
    await client.end();
  }

  it('is opened page by page, in order', async () => {
    const messages = await kim.messages(id);
    expect(messages.map(({ content }) => content)).toEqual(
      Array.from({ length: MESSAGES }, (_, at) => `message number ${at + 1}`),
    );
  });

  it('is exported whole', async () => {
    const { text } = await kim.send(`/api/conversations/${id}/export?format=md`);
    expect(text.match(/^message number \d+$/gm)).toHaveLength(MESSAGES);
  });

  it('is continued: what does not fit the model is left out from its oldest turn', async () => {
    const { meta, text } = await completed(system.url, kim, {
      conversationId: id,
      content: 'And now?',
      max_tokens: 8,
    });
    expect(meta.droppedMessages).toBeGreaterThan(MESSAGES / 2);
    expect(meta.droppedMessages).toBeLessThan(MESSAGES);
    expect(text).not.toBe('');
    await eventually(async () => (await kim.messages(id)).length === MESSAGES + 2);
  });
});
