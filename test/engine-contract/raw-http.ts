import { connect, type Socket } from 'node:net';

/** A response as it came over the wire, its chunks kept apart. */
export interface RawResponse {
  readonly status: number;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: string;
  /** One for each HTTP chunk, without the last empty one; empty when the body was not chunked. */
  readonly chunks: readonly string[];
  /** False when the connection ended before the response did. */
  readonly complete: boolean;
}

interface Head {
  readonly status: number;
  readonly headers: readonly (readonly [string, string])[];
  readonly bodyAt: number;
}

function parseHead(bytes: Buffer): Head | null {
  const end = bytes.indexOf('\r\n\r\n');
  if (end < 0) return null;
  const [statusLine = '', ...lines] = bytes.toString('latin1', 0, end).split('\r\n');
  const headers = lines.map((line): [string, string] => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon), line.slice(colon + 1).trim()];
  });
  return { status: Number(statusLine.split(' ')[1]), headers, bodyAt: end + 4 };
}

function parseChunks(bytes: Buffer): { chunks: string[]; complete: boolean } {
  const chunks: string[] = [];
  let at = 0;
  for (;;) {
    const lineEnd = bytes.indexOf('\r\n', at);
    if (lineEnd < 0) return { chunks, complete: false };
    const size = Number.parseInt(bytes.toString('latin1', at, lineEnd), 16);
    const start = lineEnd + 2;
    if (size === 0) return { chunks, complete: bytes.length >= start + 2 };
    if (bytes.length < start + size + 2) return { chunks, complete: false };
    chunks.push(bytes.toString('utf8', start, start + size));
    at = start + size + 2;
  }
}

/** Reads what is there of a response. Null: not even its headers are. */
export function parseResponse(bytes: Buffer, method = 'GET'): RawResponse | null {
  const head = parseHead(bytes);
  if (head === null) return null;
  const { status, headers } = head;
  const rest = bytes.subarray(head.bodyAt);
  const header = (name: string): string | undefined => headers.find(([key]) => key.toLowerCase() === name)?.[1];
  if (header('transfer-encoding') === 'chunked') {
    const { chunks, complete } = parseChunks(rest);
    return { status, headers, chunks, complete, body: chunks.join('') };
  }
  const length = method === 'HEAD' ? 0 : Number(header('content-length') ?? 0);
  const body = rest.toString('utf8', 0, length);
  return { status, headers, chunks: [], complete: rest.length >= length, body };
}

/** Opens a connection to the engine under test. */
export function open(url: string): Promise<Socket> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = connect({ host: hostname, port: Number(port), noDelay: true });
    socket.once('connect', () => {
      socket.off('error', reject);
      // A reset is an ending like any other here; the tests look at what arrived.
      socket.on('error', () => undefined);
      resolve(socket);
    });
    socket.once('error', reject);
  });
}

/** Sends bytes as they are and reads one response, to its end or to the end of the connection. */
export async function rawExchange(url: string, request: string | Buffer): Promise<RawResponse> {
  const socket = await open(url);
  const method = request.toString('latin1', 0, 5).startsWith('HEAD') ? 'HEAD' : 'GET';
  const parts: Buffer[] = [];
  const response = new Promise<RawResponse>((resolve, reject) => {
    const finish = (ended: boolean): void => {
      const parsed = parseResponse(Buffer.concat(parts), method);
      if (parsed !== null && (parsed.complete || ended)) resolve(parsed);
      else if (ended) reject(new Error('the connection ended before a response came'));
    };
    socket.on('data', (part) => {
      parts.push(part);
      finish(false);
    });
    socket.once('close', () => {
      finish(true);
    });
  });
  socket.write(request);
  try {
    return await response;
  } finally {
    socket.destroy();
  }
}

/** The text of a POST with a JSON body. */
export function postText(path: string, body: unknown, headers: Readonly<Record<string, string>> = {}): string {
  const json = JSON.stringify(body);
  const lines = [
    `POST ${path} HTTP/1.1`,
    'Host: 127.0.0.1:8000',
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(json)}`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
  ];
  return `${lines.join('\r\n')}\r\n\r\n${json}`;
}

/** Sends a JSON body and reads the answer with its framing. */
export const post = (
  url: string,
  path: string,
  body: unknown,
  headers?: Record<string, string>,
): Promise<RawResponse> => rawExchange(url, postText(path, body, headers));

/** The `data:` of each event, parsed; "[DONE]" stays a string. Fails if a chunk is not exactly one event. */
export function events(response: RawResponse): unknown[] {
  return response.chunks.map((chunk) => {
    const match = /^data: (.*)\n\n$/s.exec(chunk);
    if (match?.[1] === undefined || match[1].includes('\n')) throw new Error(`not one event: ${JSON.stringify(chunk)}`);
    return match[1] === '[DONE]' ? '[DONE]' : (JSON.parse(match[1]) as unknown);
  });
}

/** The events of a stream whose events have names: name and data. Fails if a chunk is not exactly one event. */
export function namedEvents(response: RawResponse): { name: string; data: Record<string, unknown> }[] {
  return response.chunks.map((chunk) => {
    const match = /^event: (.+)\ndata: (.*)\n\n$/.exec(chunk);
    if (match?.[1] === undefined) throw new Error(`not one named event: ${JSON.stringify(chunk)}`);
    return { name: match[1], data: JSON.parse(match[2] ?? '') as Record<string, unknown> };
  });
}
