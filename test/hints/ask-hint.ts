import { readSse } from '#testing/read-sse';
import type { TestSystem } from '#testing/system';

export interface HintHeard {
  readonly status: number;
  readonly backend: string | null;
  readonly requestId: string | null;
  readonly hint: string;
  readonly meta: Record<string, unknown>;
  readonly usage: Record<string, unknown> | null;
  readonly error: { message: string; code: string; param: string | null } | null;
  /** Everything that the client was sent. */
  readonly raw: string;
  readonly done: boolean;
}

export const EXERCISE = {
  problem: 'Write a function total(xs) that adds up the numbers of a list.',
  code: 'def total(xs):\n    t = 0\n    for i in range(len(xs) + 1):\n        t += xs[i]\n    return t\n',
  language: 'python',
  level: 1,
  locale: 'en',
} as const;

/** What gives the exercise away. */
export const SOLUTION = 'def total(xs):\n    t = 0\n    for x in xs:\n        t = t + x\n    return t';

type Headers_ = Readonly<Record<string, string>>;

export async function askHint(system: TestSystem, body: unknown, headers: Headers_ = {}): Promise<HintHeard> {
  const response = await post(system, '/api/v1/hints', body, headers);
  const raw = await response.text();
  const answer = JSON.parse(raw) as Record<string, unknown>;
  return {
    ...about(response),
    raw,
    hint: typeof answer['hint'] === 'string' ? answer['hint'] : '',
    meta: answer,
    usage: (answer['usage'] ?? null) as HintHeard['usage'],
    error: (answer['error'] ?? null) as HintHeard['error'],
    done: response.ok,
  };
}

interface Chunk {
  choices?: { delta: { content?: string } }[];
  usage?: Record<string, unknown>;
  error?: HintHeard['error'];
}

/** The same as a stream, read to its end. */
export async function streamHint(system: TestSystem, body: unknown, headers: Headers_ = {}): Promise<HintHeard> {
  const response = await post(system, '/api/v1/hints/stream', body, headers);
  const heard = { hint: '', meta: {}, usage: null, error: null, done: false, raw: '' } as {
    -readonly [Name in 'hint' | 'meta' | 'usage' | 'error' | 'done' | 'raw']: HintHeard[Name];
  };
  if (!response.ok) heard.error = ((await response.json()) as { error: HintHeard['error'] }).error;
  else
    for await (const item of readSse(response)) {
      if (item.kind !== 'event') continue;
      const { event, data } = item.event;
      heard.raw += data;
      if (event === 'meta') heard.meta = JSON.parse(data) as Record<string, unknown>;
      else if (data === '[DONE]') heard.done = true;
      else if (event === undefined) {
        const chunk = JSON.parse(data) as Chunk;
        heard.hint += chunk.choices?.[0]?.delta.content ?? '';
        heard.usage = chunk.usage ?? heard.usage;
        heard.error = chunk.error ?? heard.error;
      }
    }
  return { ...about(response), ...heard };
}

function about({ status, headers }: Response): Pick<HintHeard, 'status' | 'backend' | 'requestId'> {
  return { status, backend: headers.get('x-tandem-backend'), requestId: headers.get('x-request-id') };
}

function post(system: TestSystem, path: string, body: unknown, headers: Headers_): Promise<Response> {
  return fetch(system.url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-api-key': system.apiKey, ...headers },
    body:
      typeof body === 'string' || body instanceof Uint8Array
        ? (body as string | Uint8Array<ArrayBuffer>)
        : JSON.stringify(body),
  });
}
