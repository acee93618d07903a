import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface EngineRequest {
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: Record<string, unknown>;
}

/** An OpenAI-compatible server that says what the test wants it to say, in tokens of a few characters. */
export interface WordingEngine {
  readonly url: string;
  /** What it was asked, oldest first. */
  readonly requests: EngineRequest[];
  /** What it counted, oldest first. */
  readonly counted: EngineRequest[];
  /** From now on it answers everything with this HTTP status. */
  fail(status: number): void;
  /** From now on it answers nothing until what this returns is called. */
  hold(): () => void;
  /** What it says from now on: one after the other, and the last to everything that follows. */
  say(...texts: string[]): void;
  stop(): Promise<void>;
}

export interface WordingOptions {
  readonly model?: string;
  /** What stands between two tokens of a stream, milliseconds. */
  readonly paceMs?: number;
}

const TOKEN_CHARS = 4;

export async function startWordingEngine({
  model = 'wording',
  paceMs = 0,
}: WordingOptions = {}): Promise<WordingEngine> {
  const requests: EngineRequest[] = [];
  const counted: EngineRequest[] = [];
  let status = 200;
  let texts = [''];
  let held: Promise<unknown> | null = null;
  const server = createServer((request, response) => {
    void serve(request, response).catch(() => response.destroy());
  });
  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const path = request.url ?? '';
    if (request.method !== 'POST') {
      json(response, path === '/v1/models' ? listOf(model) : {});
      return;
    }
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const body = JSON.parse(Buffer.concat(parts).toString('utf8')) as Record<string, unknown>;
    if (path === '/tokenize') {
      counted.push({ path, headers: request.headers, body });
      json(response, { count: 10 });
      return;
    }
    requests.push({ path, headers: request.headers, body });
    if (held !== null) await held;
    if (status !== 200) {
      response.writeHead(status).end('{"error":{"message":"no"}}');
      return;
    }
    const chat = path === '/v1/chat/completions';
    const text = (texts.length > 1 ? texts.shift() : texts[0]) ?? '';
    if (body['stream'] === true) await stream(response, tokensOf(text), chat, model, paceMs);
    else json(response, whole(text, chat, model));
  };
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    counted,
    fail: (code) => (status = code),
    hold: () => {
      const { promise, resolve } = Promise.withResolvers();
      held = promise;
      return () => {
        held = null;
        resolve(undefined);
      };
    },
    say: (...words) => (texts = words),
    stop: async () => {
      if (!server.listening) return;
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

async function stream(
  response: ServerResponse,
  tokens: readonly string[],
  chat: boolean,
  model: string,
  paceMs: number,
): Promise<void> {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  const event = (choice: object | null, usage?: object): string =>
    `data: ${JSON.stringify({ id: 'x', object: 'chunk', created: 1, model, choices: choice === null ? [] : [choice], ...(usage === undefined ? {} : { usage }) })}\n\n`;
  if (chat) response.write(event({ index: 0, delta: { role: 'assistant', content: '' }, finish_reason: null }));
  for (const token of tokens) {
    response.write(
      event({ index: 0, ...(chat ? { delta: { content: token } } : { text: token }), finish_reason: null }),
    );
    if (paceMs > 0) await new Promise((resolve) => setTimeout(resolve, paceMs));
  }
  response.write(event({ index: 0, ...(chat ? { delta: {} } : { text: '' }), finish_reason: 'stop' }));
  response.write(event(null, usageOf(tokens.length)));
  response.end('data: [DONE]\n\n');
}

function whole(text: string, chat: boolean, model: string): object {
  const choice = {
    index: 0,
    ...(chat ? { message: { role: 'assistant', content: text } } : { text }),
    finish_reason: 'stop',
  };
  return { id: 'x', object: 'whole', created: 1, model, choices: [choice], usage: usageOf(tokensOf(text).length) };
}

function tokensOf(text: string): string[] {
  const characters = Array.from(text);
  return Array.from({ length: Math.ceil(characters.length / TOKEN_CHARS) }, (_, at) =>
    characters.slice(at * TOKEN_CHARS, (at + 1) * TOKEN_CHARS).join(''),
  );
}

function usageOf(tokens: number): object {
  return { prompt_tokens: 10, completion_tokens: tokens, total_tokens: 10 + tokens };
}

function listOf(id: string): object {
  return { object: 'list', data: [{ id, object: 'model', created: 1, owned_by: 'test', max_model_len: 8_192 }] };
}

function json(response: ServerResponse, body: object): void {
  const bytes = Buffer.from(JSON.stringify(body));
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': bytes.length }).end(bytes);
}
