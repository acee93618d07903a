import type { Conversation, ConversationListItem, Message } from '#contracts/conversations';

/** The answer of a JSON route. */
export interface Answer {
  status: number;
  body: Record<string, unknown>;
  text: string;
  code: string | null;
}

/** Somebody with a key, and what they do with conversations. */
export class Person {
  constructor(
    private readonly url: string,
    readonly key: string,
  ) {}

  /** At another gateway. */
  at(url: string): Person {
    return new Person(url, this.key);
  }

  async send(path: string, method = 'GET', body?: unknown): Promise<Answer> {
    const response = await fetch(this.url + path, {
      method,
      headers: {
        authorization: `Bearer ${this.key}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.startsWith('application/json') === true;
    const parsed = (isJson ? JSON.parse(text) : {}) as Record<string, unknown> & { error?: { code: string } };
    return { status: response.status, body: parsed, text, code: parsed.error?.code ?? null };
  }

  async make<T>(path: string, body: unknown = {}): Promise<T> {
    const { status, body: made } = await this.send(path, 'POST', body);
    expect(status).toBe(201);
    return made as T;
  }

  async conversation(body: unknown = {}): Promise<Conversation> {
    return this.make<Conversation>('/api/conversations', body);
  }

  /** As it is now. */
  async look(id: string): Promise<Conversation> {
    const { status, body } = await this.send(`/api/conversations/${id}`);
    expect(status).toBe(200);
    return body as unknown as Conversation;
  }

  /** Every page of a list. */
  async all<T>(path: string, query: Record<string, string> = {}): Promise<T[]> {
    const items: T[] = [];
    let cursor: string | null = null;
    do {
      const search = new URLSearchParams({ ...query, ...(cursor === null ? {} : { cursor }) });
      const { status, body } = await this.send(`${path}?${search.toString()}`);
      expect(status).toBe(200);
      items.push(...(body['items'] as T[]));
      cursor = body['nextCursor'] as string | null;
    } while (cursor !== null);
    return items;
  }

  search(q: string, limit = 50): Promise<ConversationListItem[]> {
    return this.all<ConversationListItem>('/api/conversations', { q, limit: String(limit) });
  }

  messages(id: string): Promise<Message[]> {
    return this.all<Message>(`/api/conversations/${id}/messages`);
  }
}

let people = 0;

/** A new user with a key of their own. */
export async function newPerson(url: string, adminKey: string, key: object = {}): Promise<Person> {
  const admin = new Person(url, adminKey);
  const credentials = { email: `person-${++people}-${process.pid}@example.org`, password: 'a long password' };
  await admin.make('/api/users', credentials);
  const login = await admin.send('/api/auth/login', 'POST', credentials);
  const made = await new Person(url, String(login.body['accessToken'])).make<{ key: string }>('/api/keys', {
    name: 'test',
    ...key,
  });
  return new Person(url, made.key);
}
