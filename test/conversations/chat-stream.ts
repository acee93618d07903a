import type { ChatMeta } from '#contracts/chat';
import { readSse } from '#testing/read-sse';
import type { Person } from './people';

/** How a native chat ended, as its client saw it. */
export interface EndedChat {
  status: number;
  /** Code of the error body or the error event. */
  error: string | null;
  meta: ChatMeta | null;
  text: string;
  usage: { prompt_tokens: number; completion_tokens: number } | null;
  /** Names of events, in order; each once. */
  events: string[];
  done: boolean;
}

export interface LiveChat {
  /** The event `meta`. */
  meta: Promise<ChatMeta>;
  /** So much text has come. */
  hasText(length: number): Promise<void>;
  textSoFar(): string;
  ended: Promise<EndedChat>;
  leave(): void;
}

interface Waiter {
  length: number;
  resolve: (nothing: undefined) => void;
}

/** Chats, and reads the answer as it comes. */
export function chat(url: string, person: Person, body: object): LiveChat {
  const abort = new AbortController();
  const meta = Promise.withResolvers<ChatMeta>();
  meta.promise.catch(() => undefined);
  const waiters: Waiter[] = [];
  const seen: EndedChat = { status: 0, error: null, meta: null, text: '', usage: null, events: [], done: false };

  async function follow(): Promise<EndedChat> {
    const response = await fetch(`${url}/api/chat`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${person.key}` },
      body: JSON.stringify(body),
      signal: abort.signal,
    });
    seen.status = response.status;
    if (response.status !== 200) {
      seen.error = ((await response.json()) as { error: { code: string } }).error.code;
      return seen;
    }
    for await (const item of readSse(response)) {
      if (item.kind === 'event') hear(item.event.event ?? 'message', item.event.data);
    }
    return seen;
  }

  function hear(name: string, data: string): void {
    if (seen.events.at(-1) !== name) seen.events.push(name);
    if (name === 'meta') {
      seen.meta = JSON.parse(data) as ChatMeta;
      meta.resolve(seen.meta);
      return;
    }
    if (name !== 'message') return;
    if (data === '[DONE]') {
      seen.done = true;
      return;
    }
    const chunk = JSON.parse(data) as {
      error?: { code: string };
      choices?: { delta: { content?: string } }[];
      usage?: EndedChat['usage'];
    };
    seen.error = chunk.error?.code ?? seen.error;
    seen.text += chunk.choices?.[0]?.delta.content ?? '';
    seen.usage = chunk.usage ?? seen.usage;
    for (const waiter of waiters) if (seen.text.length >= waiter.length) waiter.resolve(undefined);
  }

  const ended = follow()
    .catch((error: unknown) => {
      if (error instanceof SyntaxError) throw error;
      return seen; // the connection broke, or was left
    })
    .finally(() => meta.reject(new Error(`it ended without meta: ${seen.status} ${String(seen.error)}`)));
  return {
    meta: meta.promise,
    hasText: (length) => {
      const waiter = Promise.withResolvers<undefined>();
      if (seen.text.length >= length) waiter.resolve(undefined);
      waiters.push({ length, resolve: waiter.resolve });
      return Promise.race([
        waiter.promise,
        ended.then(() => {
          if (seen.text.length < length) throw new Error(`it ended after ${seen.text.length} characters`);
        }),
      ]);
    },
    textSoFar: () => seen.text,
    ended,
    leave: () => abort.abort(),
  };
}

/** Chats to the end, which must be a good one. */
export async function completed(url: string, person: Person, body: object): Promise<EndedChat & { meta: ChatMeta }> {
  const ended = await chat(url, person, body).ended;
  expect(ended).toMatchObject({ status: 200, error: null, done: true });
  if (ended.meta === null) throw new Error('the chat told no meta');
  return { ...ended, meta: ended.meta };
}
