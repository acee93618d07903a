import { Client } from 'pg';
import { eventually } from '#testing/eventually';
import { SimulatedAnswer } from '#testing/simulated-text';
import { Detokenizer } from '#testing/simulated-tokens';
import type { TestSystem } from '#testing/system';

/** Far more tokens than a test takes time for. */
export const ENDLESS = 8_000;

/** How a request ended, as its client saw it. */
export interface Ended {
  readonly requestId: string | null;
  readonly status: number;
  readonly text: string;
  /** `[DONE]` was seen; or, without streaming, a whole body. */
  readonly complete: boolean;
  /** Code of the error body or the error event. */
  readonly error: string | null;
  /** The connection broke without a word. */
  readonly broken: boolean;
}

/** A chat that runs. */
export interface RunningChat {
  readonly prompt: string;
  readonly tokens: number;
  /** The first token has come. */
  readonly begun: Promise<void>;
  readonly requestId: Promise<string | null>;
  readonly ended: Promise<Ended>;
  leave(): void;
}

export interface ChatOptions {
  readonly tokens?: number;
  readonly stream?: boolean;
  readonly apiKey?: string;
  readonly model?: string;
}

let prompts = 0;

/** Starts a chat with a prompt of its own, so that every byte of its answer is known. */
export function startChat(
  url: string,
  apiKey: string,
  { tokens = 100, stream = true, model = 'default' }: ChatOptions = {},
): RunningChat {
  const prompt = `질문 ${++prompts} 🙂`;
  const abort = new AbortController();
  const begun = Promise.withResolvers<undefined>();
  const requestId = Promise.withResolvers<string | null>();
  begun.promise.catch(() => undefined);
  const ended = follow().finally(() => {
    begun.reject(new Error('the chat ended before its first token'));
    requestId.resolve(null);
  });
  return { prompt, tokens, begun: begun.promise, requestId: requestId.promise, ended, leave: () => abort.abort() };

  async function follow(): Promise<Ended> {
    let seen: Ended = { requestId: null, status: 0, text: '', complete: false, error: null, broken: false };
    try {
      const response = await fetch(`${url}/v1/chat/completions`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${apiKey}` },
        body: JSON.stringify({
          model,
          messages: [{ role: 'user', content: prompt }],
          max_tokens: tokens,
          ignore_eos: true,
          stream,
        }),
        signal: abort.signal,
      });
      seen = { ...seen, status: response.status, requestId: response.headers.get('x-request-id') };
      requestId.resolve(seen.requestId);
      if (!stream || response.status !== 200) return whole(seen, await response.text());
      let rest = '';
      const decoder = new TextDecoder();
      for await (const bytes of response.body ?? []) {
        const events = (rest + decoder.decode(bytes as Uint8Array, { stream: true })).split('\n\n');
        rest = events.pop() ?? '';
        for (const event of events) seen = hear(seen, event);
        if (seen.text !== '') begun.resolve(undefined);
      }
      return seen;
    } catch (error) {
      // undici's words for a connection that broke; the cause says how.
      if (error instanceof SyntaxError) throw error;
      return { ...seen, broken: true };
    }
  }
}

function hear(seen: Ended, event: string): Ended {
  if (!event.startsWith('data: ')) return seen;
  const data = event.slice('data: '.length);
  if (data === '[DONE]') return { ...seen, complete: true };
  const parsed = JSON.parse(data) as { error?: { code: string }; choices?: { delta: { content?: string } }[] };
  if (parsed.error !== undefined) return { ...seen, error: parsed.error.code };
  return { ...seen, text: seen.text + (parsed.choices?.[0]?.delta.content ?? '') };
}

function whole(seen: Ended, body: string): Ended {
  const parsed = JSON.parse(body) as { error?: { code: string }; choices?: { message: { content: string } }[] };
  if (parsed.error !== undefined) return { ...seen, error: parsed.error.code };
  return { ...seen, text: parsed.choices?.[0]?.message.content ?? '', complete: true };
}

/** What the simulator says to a chat: past the end of its natural answer, since the end is ignored. */
export function fullText({ prompt, tokens }: Pick<RunningChat, 'prompt' | 'tokens'>): string {
  const answer = new SimulatedAnswer(prompt);
  const detokenizer = new Detokenizer();
  return Array.from({ length: tokens }, (_, at) => detokenizer.push(answer.tokenAt(at, true))).join('');
}

/** Waits for the end of a chat and checks that nothing of it was lost or changed. */
export async function completed(chat: RunningChat): Promise<Ended> {
  const ended = await chat.ended;
  expect({ ...ended, text: '' }).toMatchObject({ status: 200, complete: true, error: null, broken: false });
  expect(ended.text).toBe(fullText(chat));
  return ended;
}

export function startChats(count: number, url: string, apiKey: string, options: ChatOptions = {}): RunningChat[] {
  return Array.from({ length: count }, () => startChat(url, apiKey, options));
}

export async function allBegun(chats: readonly RunningChat[]): Promise<void> {
  await Promise.all(chats.map((chat) => chat.begun));
}

/** Polls until the engine runs this many requests. */
export function engineRuns(system: TestSystem, count: number, timeoutMs = 60_000): Promise<boolean> {
  return eventually(
    async () => {
      const running = (await system.engineMetrics())['vllm:num_requests_running'];
      if (running !== count) throw new Error(`${running} requests run`);
      return true;
    },
    { timeoutMs },
  );
}

export interface LedgerRow {
  request_id: string;
  user_email: string;
  state: string;
  outcome: string | null;
  output_tokens: number | null;
}

/** Rows of the ledger by request id. */
export async function ledger(system: TestSystem): Promise<Map<string, LedgerRow>> {
  const client = new Client({ connectionString: system.postgres.url });
  client.on('error', () => undefined); // Postgres may be killed under it
  await client.connect();
  try {
    const { rows } = await client.query<LedgerRow>(
      'SELECT request_id, user_email, state, outcome, output_tokens FROM usage.requests',
    );
    return new Map(rows.map((row) => [row.request_id, row]));
  } finally {
    await client.end();
  }
}
