import { readSse } from '#testing/read-sse';
import type { TestSystem } from '#testing/system';

export interface CodeHeard {
  readonly status: number;
  readonly headers: Headers;
  /** The answer, or all text of the chunks. */
  readonly code: string;
  readonly chunks: string[];
  readonly meta: Record<string, unknown>;
  readonly usage: Record<string, unknown> | null;
  readonly error: { message: string; code: string; param: string | null } | null;
  /** The stream ended as it should. */
  readonly done: boolean;
}

type Headers_ = Readonly<Record<string, string>>;

/** A request to the code assistant that does not stream. */
export async function generate(system: TestSystem, body: unknown, headers: Headers_ = {}): Promise<CodeHeard> {
  const response = await post(system, '/api/v1/code/generate', body, headers);
  const answer = (await response.json()) as Record<string, unknown> & { code?: string; error?: CodeHeard['error'] };
  return {
    status: response.status,
    headers: response.headers,
    code: answer.code ?? '',
    chunks: [],
    meta: answer,
    usage: (answer['usage'] as CodeHeard['usage']) ?? null,
    error: answer.error ?? null,
    done: response.ok,
  };
}

interface Chunk {
  choices?: { delta: { content?: string } }[];
  usage?: Record<string, unknown>;
  error?: NonNullable<CodeHeard['error']>;
}

/** The same as a stream, read to its end. */
export async function streamed(system: TestSystem, body: unknown, headers: Headers_ = {}): Promise<CodeHeard> {
  const response = await post(system, '/api/v1/code/generate/stream', body, headers);
  const heard = {
    chunks: [] as string[],
    meta: {},
    usage: null as CodeHeard['usage'],
    error: null as CodeHeard['error'],
    done: false,
  };
  if (response.ok) {
    for await (const item of readSse(response)) {
      if (item.kind !== 'event') continue;
      const { event, data } = item.event;
      if (event === 'meta') heard.meta = JSON.parse(data) as Record<string, unknown>;
      else if (data === '[DONE]') heard.done = true;
      else if (event === undefined) take(JSON.parse(data) as Chunk, heard);
    }
  } else heard.error = ((await response.json()) as { error: NonNullable<CodeHeard['error']> }).error;
  return { status: response.status, headers: response.headers, code: heard.chunks.join(''), ...heard };
}

function take(
  { choices, usage, error }: Chunk,
  heard: { chunks: string[]; usage: CodeHeard['usage']; error: CodeHeard['error'] },
): void {
  const content = choices?.[0]?.delta.content;
  if (content !== undefined) heard.chunks.push(content);
  if (usage !== undefined) heard.usage = usage;
  if (error !== undefined) heard.error = error;
}

function post(system: TestSystem, path: string, body: unknown, headers: Headers_): Promise<Response> {
  return fetch(`${system.url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-api-key': system.apiKey, ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
}
