import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';

/** What a script does with the connection that its request came on. */
export interface Wire {
  /** The request's body, as Tandem sent it. */
  readonly body: Record<string, unknown>;
  /** Resolves when Tandem has closed the connection. */
  readonly closed: Promise<void>;
  readonly isClosed: boolean;
  /** One write, so one packet as a rule; resolves when the kernel has taken it. */
  send(bytes: string | Buffer): Promise<void>;
  /** One chunk of a chunked body. */
  chunk(bytes: string | Buffer): Promise<void>;
  /** FIN: nothing more will come. */
  end(): Promise<void>;
  /** RST. */
  reset(): Promise<void>;
}

export type Script = (wire: Wire) => Promise<void>;

/** An engine whose bytes are written by hand: it answers a chat whose last message is the name of a script. */
export interface ScriptedEngine {
  readonly url: string;
  on(name: string, script: Script): void;
  stop(): Promise<void>;
}

export const STREAM_HEAD =
  'HTTP/1.1 200 OK\r\ndate: Sat, 01 Nov 2025 00:00:00 GMT\r\nserver: uvicorn\r\n' +
  'content-type: text/event-stream; charset=utf-8\r\ntransfer-encoding: chunked\r\n\r\n';
export const LAST_CHUNK = '0\r\n\r\n';
export const DONE = 'data: [DONE]\n\n';

/** An event as vLLM writes it. */
export function token(content: string, finish: string | null = null): string {
  const choice = { index: 0, delta: { content }, logprobs: null, finish_reason: finish, token_ids: null };
  return `data: ${JSON.stringify({ id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1, model: 'scripted', choices: [choice] })}\n\n`;
}

/** vLLM's error body. */
export function vllmError(message: string, type: string, code: number): string {
  return JSON.stringify({ error: { message, type, param: null, code } });
}

/** A whole JSON answer with its length. */
export function jsonAnswer(status: string, body: string): string {
  return `HTTP/1.1 ${status}\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
}

const MODELS = JSON.stringify({
  object: 'list',
  data: [{ id: 'scripted', object: 'model', created: 1, owned_by: 'vllm', max_model_len: 4_096 }],
});

export async function startScriptedEngine(): Promise<ScriptedEngine> {
  const scripts = new Map<string, Script>();
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.setMaxListeners(0); // one for each request that comes on it
    socket.on('close', () => sockets.delete(socket));
    // A script that resets, or a Tandem that leaves, is what the tests are about.
    socket.on('error', () => undefined);
    serve(socket, scripts);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    on: (name, script) => void scripts.set(name, script),
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

/** Reads requests with a Content-Length one after the other from a kept connection. */
function serve(socket: Socket, scripts: ReadonlyMap<string, Script>): void {
  let waiting = Buffer.alloc(0);
  socket.on('data', (data) => {
    waiting = Buffer.concat([waiting, data]);
    for (;;) {
      const headEnd = waiting.indexOf('\r\n\r\n');
      if (headEnd === -1) return;
      const head = waiting.toString('latin1', 0, headEnd);
      const end = headEnd + 4 + Number(/content-length: *(\d+)/i.exec(head)?.[1] ?? 0);
      if (waiting.length < end) return;
      const body = waiting.toString('utf8', headEnd + 4, end);
      waiting = waiting.subarray(end);
      answer(socket, head, body, scripts);
    }
  });
}

function answer(socket: Socket, head: string, body: string, scripts: ReadonlyMap<string, Script>): void {
  const path = head.split(' ', 2)[1];
  if (!head.startsWith('POST')) {
    socket.write(path === '/v1/models' ? jsonAnswer('200 OK', MODELS) : jsonAnswer('200 OK', ''));
    return;
  }
  const request = JSON.parse(body) as { messages: { content: string }[] };
  const script = scripts.get(request.messages.at(-1)?.content ?? '');
  if (script === undefined) socket.write(jsonAnswer('404 Not Found', '{"detail":"no such script"}'));
  else void script(wireOf(socket, request));
}

function wireOf(socket: Socket, body: Record<string, unknown>): Wire {
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  const send = (bytes: string | Buffer): Promise<void> =>
    new Promise((resolve) => {
      // Where Tandem has left, the script simply goes on.
      if (socket.destroyed) resolve();
      else socket.write(bytes, () => resolve());
    });
  return {
    body,
    closed,
    get isClosed() {
      return socket.destroyed;
    },
    send,
    chunk: (bytes) => {
      const data = Buffer.from(bytes);
      return send(Buffer.concat([Buffer.from(`${data.length.toString(16)}\r\n`), data, Buffer.from('\r\n')]));
    },
    end: () => Promise.resolve(void socket.end()),
    reset: () => Promise.resolve(void socket.resetAndDestroy()),
  };
}
