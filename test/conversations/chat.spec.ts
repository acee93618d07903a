import { connect, type NatsConnection } from '@nats-io/transport-node';
import {
  ConversationSubjects,
  type Conversation,
  type Message,
  type RemovedUserData,
  type UserDataPage,
} from '#contracts/conversations';
import type { Prompt } from '#contracts/prompts';
import { eventually } from '#testing/eventually';
import { killProcess } from '#testing/kill-process';
import { expectedAnswer } from '#testing/simulated-text';
import type { TestService } from '#testing/service-process';
import { startSystem, type TestSystem } from '#testing/system';
import { chat, completed } from './chat-stream';
import { newPerson, Person } from './people';

/** Longer than a test takes. */
const ENDLESS = { max_tokens: 6_000, ignore_eos: true };
const SHORT = { max_tokens: 8 };

describe('native chat, two gateways and two chat-services', () => {
  let system: TestSystem;
  let otherUrl: string;
  let secondChat: TestService;
  let kim: Person;
  let lee: Person;
  let nats: NatsConnection;

  beforeAll(async () => {
    system = await startSystem({ env: { VLLM_SIM_TOKENS_PER_SECOND: '60' } });
    const [gateway, chatService] = await Promise.all([system.add('api-gateway'), system.add('chat-service')]);
    [otherUrl, secondChat] = [gateway.url, chatService];
    [kim, lee] = [await newPerson(system.url, system.apiKey), await newPerson(system.url, system.apiKey)];
    nats = await connect({ servers: system.nats.url });
  });
  afterAll(async () => {
    await nats.close();
    await system.stop();
  });

  const ask = (conversationId: string, content: string, more: object = SHORT) =>
    completed(system.url, kim, { conversationId, content, ...more });

  async function answerOf(conversationId: string, id: string | null): Promise<Message> {
    const found = (await kim.messages(conversationId)).find((message) => message.id === id);
    if (found === undefined) throw new Error('the answer is not kept');
    return found;
  }

  /** The answer, once it is over. */
  const ended = (conversationId: string, id: string | null) =>
    eventually(
      async () => {
        const answer = await answerOf(conversationId, id);
        return answer.answer?.state === 'complete' ? answer : null;
      },
      { timeoutMs: 60_000 },
    );

  async function command<T>(subject: string, data: unknown): Promise<T> {
    const reply = await nats.request(subject, JSON.stringify({ id: '1', data }));
    return reply.json<{ response: T }>().response;
  }

  it('tells meta, then OpenAI’s chunks with usage, then the end; question and answer are kept', async () => {
    const { id } = await kim.conversation();
    const { meta, text, usage, events } = await ask(id, '점심 뭐 먹지?', { max_tokens: 20 });
    expect(events).toEqual(['meta', 'message']);
    expect(text).toBe(expectedAnswer('점심 뭐 먹지?', 20).text);
    expect(meta).toMatchObject({ conversationId: id, droppedMessages: 0, systemPrompt: null });
    expect(meta.requestId).toMatch(/^req_/);
    const answer = await ended(id, meta.assistantMessageId);
    expect(await kim.at(otherUrl).messages(id)).toMatchObject([
      { id: meta.userMessageId, parentId: null, role: 'user', content: '점심 뭐 먹지?', answer: null },
      { id: meta.assistantMessageId, parentId: meta.userMessageId, role: 'assistant', content: text },
    ]);
    expect(answer.answer).toMatchObject({
      requestId: meta.requestId,
      model: meta.model,
      outcome: 'completed',
      stopReason: 'length',
      errorCode: null,
      inputTokens: usage?.prompt_tokens,
      outputTokens: 20,
    });
    expect((await kim.look(id)).activeLeafId).toBe(meta.assistantMessageId);
  });

  it('without a conversation keeps nothing, and takes the parameters of /v1 in either spelling', async () => {
    /** Not their titles: the engine may write one just now. */
    const kept = async () => (await kim.all<Conversation>('/api/conversations')).map(({ id }) => id);
    const before = await kept();
    const body = { messages: [{ role: 'user', content: 'hello' }], maxTokens: 5 };
    const { meta, text } = await completed(system.url, kim, body);
    expect(text).toBe(expectedAnswer('hello', 5).text);
    expect(meta).toMatchObject({ conversationId: null, userMessageId: null, assistantMessageId: null });
    expect(await kept()).toEqual(before);
  });

  it.each([
    ['emoji', '👩‍👩‍👧‍👦 🇰🇷 👋🏽'],
    ['combining Hangul', '한글 '.normalize('NFD') + '한글'],
    ['right to left', 'שלום \u202b مرحبا \u200f'],
    ['controls and line ends', 'a\r\nb\tc\u0001\u007f\u2028d'],
    ['a megabyte', '가나다 '.repeat(100_000)],
  ])('keeps %s exactly', async (name, content) => {
    const { id } = await kim.conversation();
    if (name !== 'a megabyte') {
      await ask(id, content);
      expect((await kim.messages(id))[0]?.content).toBe(content);
      return;
    }
    // Too long for this model, and said so before the engine is asked; nothing is kept of it.
    expect(await chat(system.url, kim, { conversationId: id, content }).ended).toMatchObject({
      status: 400,
      error: 'context_length_exceeded',
    });
    await eventually(async () => (await kim.messages(id)).length === 0);
  });

  it.each([
    [{ content: 'nul \0' }, 400, 'invalid_value'],
    [{ content: 'half \ud83d' }, 400, 'invalid_value'],
    [{ content: '' }, 400, 'invalid_value'],
    [{ content: 7 }, 400, 'invalid_value'],
    [{ content: 'x', messages: [] }, 400, 'invalid_value'],
    [{ content: 'x', parentId: 'no-id' }, 404, 'not_found'],
    [{ content: 'x', parentId: '00000000-0000-4000-8000-000000000000' }, 404, 'not_found'],
    [{ content: 'x', temperature: 99 }, 400, 'invalid_value'],
    [{ content: 'x', n: 2 }, 400, 'invalid_value'],
    [{ content: 'x', model: 'nobody' }, 404, 'model_not_found'],
    [{}, 400, 'invalid_value'],
  ])('refuses %j with %i %s, and keeps nothing', async (body, status, error) => {
    const { id } = await kim.conversation();
    expect(await chat(system.url, kim, { conversationId: id, ...body }).ended).toMatchObject({ status, error });
    await eventually(async () => (await kim.messages(id)).length === 0);
  });

  it('in a conversation of somebody else is 404', async () => {
    const { id } = await kim.conversation();
    for (const conversationId of [id, '00000000-0000-4000-8000-000000000000', 'no-id'])
      expect(await chat(system.url, lee, { conversationId, content: 'x' }).ended).toMatchObject({ status: 404 });
  });

  it('edited questions and second answers are branches; the path that was seen last is continued', async () => {
    const { id } = await kim.conversation();
    const first = await ask(id, 'first');
    const second = await ask(id, 'second');
    const edited = await ask(id, 'second, edited', { ...SHORT, parentId: first.meta.assistantMessageId });
    const again = await completed(system.url, kim, {
      conversationId: id,
      parentId: second.meta.userMessageId,
      ...SHORT,
    });
    expect(again.meta.userMessageId).toBe(second.meta.userMessageId);
    const other = await ask(id, 'from the beginning', { ...SHORT, parentId: null });
    const parents = new Map((await kim.messages(id)).map((message) => [message.id, message.parentId]));
    expect(parents.get(second.meta.userMessageId ?? '')).toBe(first.meta.assistantMessageId);
    expect(parents.get(edited.meta.userMessageId ?? '')).toBe(first.meta.assistantMessageId);
    expect(parents.get(again.meta.assistantMessageId ?? '')).toBe(second.meta.userMessageId);
    expect(parents.get(other.meta.userMessageId ?? '')).toBeNull();
    expect((await kim.look(id)).activeLeafId).toBe(other.meta.assistantMessageId);
    // Back to the first branch, which leads on to its newest end.
    const back = { activeLeafId: first.meta.userMessageId };
    expect((await kim.send(`/api/conversations/${id}`, 'PATCH', back)).body['activeLeafId']).toBe(
      edited.meta.assistantMessageId,
    );
    const next = await ask(id, 'third');
    const { parentId } = (await kim.messages(id)).find((message) => message.id === next.meta.userMessageId)!;
    expect(parentId).toBe(edited.meta.assistantMessageId);
    const wrong = chat(system.url, kim, { conversationId: id, content: 'x', parentId: first.meta.userMessageId });
    expect(await wrong.ended).toMatchObject({ status: 400, error: 'invalid_value' });
    const markdown = await kim.send(`/api/conversations/${id}/export`);
    expect([...markdown.text.matchAll(/## User\n\n(.*)\n/g)].map(([, said]) => said)).toEqual([
      'first',
      'second, edited',
      'third',
    ]);
    const json = await kim.send(`/api/conversations/${id}/export?format=json`);
    expect((json.body['messages'] as Message[]).length).toBe(11);
  });

  it('can be read while it is being written, at another gateway', async () => {
    const { id } = await kim.conversation();
    const running = chat(system.url, kim, { conversationId: id, content: 'go on', ...ENDLESS });
    const { assistantMessageId } = await running.meta;
    await running.hasText(100);
    const seen = running.textSoFar();
    const kept = await eventually(async () => {
      const answer = (await kim.at(otherUrl).messages(id)).find((message) => message.id === assistantMessageId);
      return answer !== undefined && answer.content.length >= seen.length ? answer : null;
    });
    expect(kept.content.startsWith(seen)).toBe(true);
    expect(kept.answer).toMatchObject({ state: 'generating', outcome: null });
    running.leave();
    await ended(id, assistantMessageId);
  });

  it.each(['leaves', 'cancels'])('is kept as far as it came, and marked, when its client %s', async (how) => {
    const { id } = await kim.conversation();
    const running = chat(system.url, kim, { conversationId: id, content: 'go on', ...ENDLESS });
    const { assistantMessageId, requestId } = await running.meta;
    await running.hasText(50);
    if (how === 'leaves') running.leave();
    else expect((await kim.send(`/api/requests/${requestId}`, 'DELETE')).status).toBe(204);
    const seen = (await running.ended).text;
    const answer = await ended(id, assistantMessageId);
    expect(answer.answer).toMatchObject({
      outcome: 'client_cancelled',
      errorCode: 'request_cancelled',
      stopReason: null,
    });
    expect(answer.content.startsWith(seen)).toBe(true);
    // What there is of it is part of what is read next.
    await ask(id, 'and?');
  });

  it('survives kill -9 of its chat-service but for the last second, and is marked as interrupted', async () => {
    const conversations = await Promise.all(Array.from({ length: 6 }, () => kim.conversation()));
    const chats = conversations.map(({ id }) =>
      chat(system.url, kim, { conversationId: id, content: 'go on', ...ENDLESS }),
    );
    const metas = await Promise.all(chats.map((one) => one.meta));
    await Promise.all(chats.map((one) => one.hasText(120)));
    const seen = chats.map((one) => one.textSoFar());
    // Journaled within a second: until it is, it is not what this test is about.
    await eventually(async () => {
      const kept = await Promise.all(metas.map((meta, at) => answerOf(conversations[at]!.id, meta.assistantMessageId)));
      return kept.every(({ content }, at) => content.length >= seen[at]!.length);
    });
    await Promise.all([system.kill('chat-service'), secondChat.kill()]);
    for (const one of chats) expect(await one.ended).toMatchObject({ error: 'stream_interrupted', done: false });
    await Promise.all([system.restart('chat-service'), secondChat.start()]);
    for (const [at, meta] of metas.entries()) {
      const answer = await ended(conversations[at]!.id, meta.assistantMessageId);
      expect(answer.answer).toMatchObject({ outcome: 'interrupted' });
      expect(answer.content.startsWith(seen[at]!)).toBe(true);
    }
    await ask(conversations[0]!.id, 'once more');
  });

  it('is written down whole after Postgres was away for its end', async () => {
    const { id } = await kim.conversation();
    const running = chat(system.url, kim, { conversationId: id, content: 'survive', max_tokens: 90, ignore_eos: true });
    const { assistantMessageId } = await running.meta;
    await running.hasText(20);
    await system.postgres.kill();
    const { text, done } = await running.ended;
    expect(done).toBe(true);
    await system.postgres.restart();
    await eventually(async () => (await kim.send(`/api/conversations/${id}`)).status === 200);
    expect(await ended(id, assistantMessageId)).toMatchObject({ content: text, answer: { outcome: 'completed' } });
  });

  it('finds what was said: two syllables, one, any case, jamo; not what was not, nor what others said', async () => {
    const { id } = await kim.conversation({ title: 'about food' });
    const question = 'Der Straßenname ist ＡＢＣ, 김치찌개 100%_맛';
    const { meta } = await ask(id, question);
    const found = await eventually(async () => {
      const items = await kim.search('찌개');
      return items.length > 0 ? items : null;
    });
    expect([meta.userMessageId, meta.assistantMessageId]).toContain(found[0]?.match?.messageId);
    expect(found).toMatchObject([{ id, match: { snippet: expect.stringContaining('찌개') as string } }]);
    for (const q of ['맛', '김치찌개', 'straßenname IST', '김치'.normalize('NFD'), '0%_맛'])
      expect((await kim.search(q)).map((item) => item.id)).toContain(id);
    for (const q of ['개찌', '100%%맛', '김_찌']) expect(await kim.search(q)).toEqual([]);
    expect(await lee.search('찌개')).toEqual([]);
  });

  it('pages through what was found without a gap or a repetition', async () => {
    const ids: string[] = [];
    for (let n = 0; n < 7; n++) {
      const { id } = await lee.conversation();
      ids.unshift(id);
      for (const content of ['쪽수 하나', '쪽수 둘'])
        await completed(system.url, lee, { conversationId: id, content, max_tokens: 1 });
    }
    await eventually(async () => (await lee.search('쪽수', 2)).length === 7);
    expect((await lee.search('쪽수', 2)).map((item) => item.id)).toEqual(ids);
    expect((await lee.search('쪽수 하나', 3)).map((item) => item.id)).toEqual(ids);
  });

  it('names itself after the first answer by the engine, in nobody’s name; never over a name of the user', async () => {
    const { id } = await kim.conversation();
    const named = await kim.conversation({ title: 'mine' });
    const { meta } = await ask(id, 'What is a monad, and why should I care about it at all, if I ever should?');
    await ask(named.id, 'What is a monad?');
    const conversation = await eventually(async () => {
      const now = await kim.look(id);
      return now.titleSource === 'model' ? now : null;
    });
    expect(conversation.title).toContain('[simulated]');
    expect(await kim.look(named.id)).toMatchObject({ title: 'mine', titleSource: 'user' });
    const admin = new Person(system.url, system.apiKey);
    await eventually(async () => {
      const { body } = await admin.send('/api/usage/requests?limit=200');
      const rows = body['items'] as { userId: string; endpoint: string; requestId: string }[];
      return rows.some((row) => row.userId === 'system') && rows.some((row) => row.requestId === meta.requestId);
    });
  });

  it('has the first words as its title until then', async () => {
    const { id } = await kim.conversation();
    const running = chat(system.url, kim, { conversationId: id, content: 'What is\na monad?', ...ENDLESS });
    await running.meta;
    expect(await kim.look(id)).toMatchObject({ title: 'What is a monad?', titleSource: 'first_words' });
    running.leave();
  });

  it('begins with the system prompt in force, which is kept with the answer', async () => {
    const admin = new Person(system.url, system.apiKey);
    const used = async (conversationId: string) => {
      const { meta } = await ask(conversationId, 'hello');
      const answer = await ended(conversationId, meta.assistantMessageId);
      expect(answer.answer?.systemPrompt ?? null).toEqual(
        meta.systemPrompt === null ? null : { ...meta.systemPrompt, text: expect.any(String) as string },
      );
      return answer.answer?.systemPrompt?.text ?? null;
    };
    const { id } = await kim.conversation();
    expect(await used(id)).toBeNull();
    const shared = await admin.make<Prompt>('/api/shared-prompts', { name: 'House', text: 'shared', isDefault: true });
    expect(await used(id)).toBe('shared');
    const mine = await kim.make<Prompt>('/api/prompts', { name: 'Mine', text: 'my default', isDefault: true });
    expect(await used(id)).toBe('my default');
    const chosen = await kim.make<Prompt>('/api/prompts', { name: 'Chosen', text: 'chosen' });
    await kim.send(`/api/conversations/${id}`, 'PATCH', { promptId: chosen.id });
    expect(await used(id)).toBe('chosen');
    await kim.send(`/api/conversations/${id}`, 'PATCH', { systemPrompt: 'my own words' });
    expect(await used(id)).toBe('my own words');
    await kim.send(`/api/conversations/${id}`, 'PATCH', { systemPrompt: '' });
    expect(await used(id)).toBeNull();
    await Promise.all([
      kim.send(`/api/prompts/${mine.id}`, 'DELETE'),
      admin.send(`/api/shared-prompts/${shared.id}`, 'DELETE'),
    ]);
  });

  it('leaves out the oldest turns when history does not fit, exactly, and says so', async () => {
    const { id } = await kim.conversation({ systemPrompt: 'Never forget this.' });
    const long = 'alpha beta gamma delta '.repeat(90);
    let last = await ask(id, `0 ${long}`, { max_tokens: 2 });
    for (let turn = 1; last.meta.droppedMessages === 0; turn++) {
      if (turn > 40) throw new Error('nothing was ever left out');
      last = await ask(id, `${turn} ${long}`, { max_tokens: 2 });
    }
    const { meta, usage } = last;
    expect(meta.promptTokens).toBe(usage?.prompt_tokens);
    expect(meta.promptTokens! + 2).toBeLessThanOrEqual(meta.contextTokens!);
    // One turn more would have been too many: they are all alike.
    expect(meta.promptTokens! + usage!.prompt_tokens / 15).toBeGreaterThan(meta.contextTokens! - 2);
    const answer = await ended(id, meta.assistantMessageId);
    expect(answer.answer).toMatchObject({ droppedMessages: meta.droppedMessages });
    expect(answer.answer?.systemPrompt?.text).toBe('Never forget this.');
  });

  it('is cancelled when its conversation is deleted', async () => {
    const { id } = await kim.conversation();
    const running = chat(system.url, kim, { conversationId: id, content: 'go on', ...ENDLESS });
    await running.hasText(10);
    expect((await kim.send(`/api/conversations/${id}`, 'DELETE')).status).toBe(204);
    expect(await running.ended).toMatchObject({ error: 'request_cancelled', done: false });
  });

  it('everything that is kept of a user can be exported, and removed', async () => {
    const person = await newPerson(system.url, system.apiKey);
    const ownerId = String((await person.send('/api/me')).body['id']);
    await person.make('/api/prompts', { name: 'p', text: 't' });
    for (const title of ['one', 'two']) {
      const { id } = await person.conversation({ title });
      await completed(system.url, person, { conversationId: id, content: title, ...SHORT });
    }
    const pages: UserDataPage[] = [];
    for (let cursor: string | null = null; pages.length === 0 || cursor !== null; cursor = pages.at(-1)!.nextCursor)
      pages.push(await command<UserDataPage>(ConversationSubjects.exportUser, { ownerId, cursor }));
    expect(pages.flatMap((page) => page.conversation?.title ?? [])).toEqual(['one', 'two']);
    expect(pages.flatMap((page) => page.messages.map(({ role }) => role))).toEqual([
      'user',
      'assistant',
      'user',
      'assistant',
    ]);
    expect(pages.flatMap((page) => page.prompts.map(({ name }) => name))).toEqual(['p']);
    const removed = await command<RemovedUserData>(ConversationSubjects.removeUser, { ownerId });
    expect(removed).toEqual({ conversations: 2, messages: 4, prompts: 1 });
    expect(await person.all('/api/conversations')).toEqual([]);
  });

  it('keeps what an engine wrote before it crashed, marked as not whole', async () => {
    const { id } = await kim.conversation();
    const live = chat(system.url, kim, { conversationId: id, content: 'Crash.', ...ENDLESS });
    const { assistantMessageId } = await live.meta;
    await live.hasText(20);
    const { pid } = await system.engine();
    killProcess(pid);
    expect(await live.ended).toMatchObject({ status: 200, done: false, error: expect.any(String) as string });
    const { content, answer } = await ended(id, assistantMessageId);
    expect(content.startsWith(live.textSoFar().slice(0, 20))).toBe(true);
    expect(['error', 'upstream_truncated']).toContain(answer?.outcome);
    await eventually(async () => (await system.engine()).state === 'ready', { timeoutMs: 60_000 });
  });

  it('keeps what was written when the gateway crashes, marked as not whole', async () => {
    const { id } = await kim.conversation();
    const live = chat(system.url, kim, { conversationId: id, content: 'Crash.', ...ENDLESS });
    const { assistantMessageId } = await live.meta;
    await live.hasText(20);
    await system.kill('api-gateway');
    await live.ended.catch(() => undefined); // the connection breaks
    await system.restart('api-gateway');
    const { content, answer } = await ended(id, assistantMessageId);
    expect(content.startsWith(live.textSoFar().slice(0, 20))).toBe(true);
    expect(['interrupted', 'client_cancelled']).toContain(answer?.outcome);
  });
});
