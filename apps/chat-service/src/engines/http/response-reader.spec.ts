import { readdirSync, readFileSync, existsSync } from 'node:fs';
import { createServer, request as nodeRequest } from 'node:http';
import { createServer as createTcpServer, type AddressInfo, type Server } from 'node:net';
import { join } from 'node:path';
import fc from 'fast-check';
import { EnginePool } from './engine-pool';
import { ProtocolError, ResponseReader } from './response-reader';

interface Seen {
  status: number;
  headers: Record<string, string>;
  body: string;
  complete: boolean;
  reusable: boolean | null;
  error: string | null;
}

/** Feeds `wire` to the reader in parts that end at `cuts`, each in the same shared buffer, then closes. */
function readInParts(wire: Buffer, cuts: number[], close = true): Seen {
  const seen: Seen = { status: 0, headers: {}, body: '', complete: false, reusable: null, error: null };
  const body: Buffer[] = [];
  const reader = new ResponseReader({
    onHead: ({ status, headers }) => Object.assign(seen, { status, headers: Object.fromEntries(headers) }),
    onBody: (bytes, start, end) => body.push(Buffer.from(bytes.subarray(start, end))),
    onComplete: (reusable) => Object.assign(seen, { complete: true, reusable }),
  });
  const shared = Buffer.alloc(wire.length + 7, 0xff);
  try {
    let at = 0;
    for (const cut of [...cuts.filter((c) => c > 0 && c < wire.length).sort((a, b) => a - b), wire.length]) {
      shared.fill(0xff);
      wire.copy(shared, 3, at, cut);
      reader.push(shared, 3, 3 + cut - at);
      at = cut;
    }
    if (close) reader.end();
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    seen.error = error.message;
  }
  seen.body = Buffer.concat(body).toString('latin1');
  return seen;
}

/** What node:http makes of the same bytes, sent by a real server that then closes. */
async function readByNode(wire: Buffer): Promise<Pick<Seen, 'status' | 'body' | 'complete'>> {
  const server: Server = createTcpServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => socket.end(wire));
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  try {
    return await new Promise((resolve) => {
      const seen = { status: 0, body: '', complete: false };
      const call = nodeRequest(
        { host: '127.0.0.1', port: (server.address() as AddressInfo).port, agent: false },
        (answer) => {
          seen.status = answer.statusCode ?? 0;
          answer.setEncoding('latin1');
          answer.on('data', (part: string) => (seen.body += part));
          answer.on('close', () => resolve({ ...seen, complete: answer.complete }));
          answer.on('error', () => undefined);
        },
      );
      call.on('error', () => resolve(seen));
      call.end();
    });
  } finally {
    server.close();
  }
}

const response = (head: string, body = ''): Buffer =>
  Buffer.from(`${head.split('\n').join('\r\n')}\r\n\r\n${body}`, 'latin1');
const chunked = (body: string): Buffer => response('HTTP/1.1 200 OK\ntransfer-encoding: chunked', body);

const RECORDINGS = join(__dirname, '../../../../../libs/testing/recordings');

function recordedResponses(): [string, Buffer][] {
  if (!existsSync(RECORDINGS)) return [];
  return readdirSync(RECORDINGS, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.raw'))
    .map((name): [string, Buffer] => [name, readFileSync(join(RECORDINGS, name))])
    .filter(([, wire]) => wire.toString('latin1', 0, 5) === 'HTTP/');
}

describe('the HTTP/1.1 response reader', () => {
  it('reads every recorded response of a real vLLM as node:http does', async () => {
    const recorded = recordedResponses();
    expect(recorded.length).toBeGreaterThan(20);
    for (const [name, wire] of recorded) {
      const { status, body, complete } = readInParts(wire, []);
      expect({ name, status, body, complete }).toEqual({ name, ...(await readByNode(wire)) });
    }
  });

  it('reads the same whatever the borders of the reads are', () => {
    for (const [, wire] of recordedResponses().filter(([, w]) => w.length < 20_000)) {
      const whole = readInParts(wire, []);
      fc.assert(
        fc.property(fc.array(fc.nat(wire.length), { maxLength: 40 }), (cuts) => {
          expect(readInParts(wire, cuts)).toEqual(whole);
        }),
        { numRuns: 20 },
      );
      expect(readInParts(wire, [...wire.keys()])).toEqual(whole);
    }
  });

  it('agrees with node:http about chunked bodies with extensions and trailers, cut short anywhere', async () => {
    const wire = chunked('5;name="v"\r\nHello\r\n00A\r\n0123456789\r\n0\r\nx-trailer: 1\r\nother: 2\r\n\r\n');
    expect(readInParts(wire, [])).toMatchObject({ body: 'Hello0123456789', complete: true, reusable: true });
    for (let cut = 1; cut < wire.length; cut++) {
      const part = wire.subarray(0, cut);
      const ours = readInParts(part, []);
      const theirs = await readByNode(part);
      expect({ cut, complete: ours.complete, body: ours.body }).toEqual({
        cut,
        complete: theirs.complete,
        body: theirs.body,
      });
    }
  });

  it('never throws anything but a ProtocolError on damaged bytes', () => {
    const wire = chunked('5\r\nHello\r\n6\r\n world\r\n0\r\n\r\n');
    fc.assert(
      fc.property(fc.nat(wire.length - 1), fc.nat(255), fc.array(fc.nat(wire.length)), (at, byte, cuts) => {
        const damaged = Buffer.from(wire);
        damaged[at] = byte;
        readInParts(damaged, cuts);
      }),
      { numRuns: 2_000 },
    );
  });

  it.each<[string, Buffer, Partial<Seen>]>([
    ['Content-Length', response('HTTP/1.1 200 OK\ncontent-length: 5', 'Hello'), { body: 'Hello', reusable: true }],
    [
      'Content-Length 0',
      response('HTTP/1.1 503 Service Unavailable\ncontent-length: 0'),
      { status: 503, body: '', reusable: true },
    ],
    ['an end by close', response('HTTP/1.0 200 OK', 'until the end'), { body: 'until the end', reusable: false }],
    [
      'Connection: close',
      response('HTTP/1.1 200 OK\nconnection: close\ncontent-length: 1', 'x'),
      { body: 'x', reusable: false },
    ],
    [
      'HTTP/1.0 keep-alive',
      response('HTTP/1.0 200 OK\nconnection: keep-alive\ncontent-length: 1', 'x'),
      { reusable: true },
    ],
    [
      'a 100 before the answer',
      response('HTTP/1.1 100 Continue', 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok'),
      { status: 200, body: 'ok' },
    ],
    ['204', response('HTTP/1.1 204 No Content'), { status: 204, body: '', reusable: true }],
  ])('reads a response with %s', (_name, wire, expected) => {
    expect(readInParts(wire, [])).toMatchObject({ complete: true, error: null, ...expected });
    expect(readInParts(wire, [...wire.keys()])).toMatchObject({ complete: true, ...expected });
  });

  it.each<[string, Buffer]>([
    ['both lengths', response('HTTP/1.1 200 OK\ncontent-length: 5\ntransfer-encoding: chunked', '0\r\n\r\n')],
    ['two differing lengths', response('HTTP/1.1 200 OK\ncontent-length: 5\ncontent-length: 6', 'Hello')],
    ['a length that is no number', response('HTTP/1.1 200 OK\ncontent-length: 5x', 'Hello')],
    ['a body shorter than its length', response('HTTP/1.1 200 OK\ncontent-length: 9', 'Hello')],
    ['an unknown encoding', response('HTTP/1.1 200 OK\ntransfer-encoding: gzip, chunked', '0\r\n\r\n')],
    ['a bare LF in the head', Buffer.from('HTTP/1.1 200 OK\ncontent-length: 0\r\n\r\n')],
    ['a space before the colon', response('HTTP/1.1 200 OK\ncontent-length : 0')],
    ['no HTTP at all', Buffer.from('SSH-2.0-OpenSSH\r\n\r\n')],
    ['an endless head', Buffer.from(`HTTP/1.1 200 OK\r\nx: ${'y'.repeat(70_000)}\r\n\r\n`)],
    ['a chunk size of 16 digits', chunked('fffffffffffffff1\r\n')],
    ['a negative chunk size', chunked('-1\r\n')],
    ['a chunk that is longer than it says', chunked('2\r\nabc\r\n0\r\n\r\n')],
    ['bytes after the end', response('HTTP/1.1 200 OK\ncontent-length: 1', 'xy')],
    ['an unasked protocol change', response('HTTP/1.1 101 Switching Protocols')],
  ])('refuses %s', (_name, wire) => {
    expect(readInParts(wire, []).error).not.toBeNull();
  });

  it('reads many answers of a real node:http server on one connection', async () => {
    const server = createServer((req, res) => {
      res.end(`answer to ${req.url ?? ''}`);
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));

    const pool = new EnginePool(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    try {
      for (const path of ['/a', '/b', '/c']) {
        const body = await new Promise<string>((resolve, reject) => {
          let text = '';
          pool.send(Buffer.from(`GET ${path} HTTP/1.1\r\nhost: x\r\n\r\n`), {
            onHead: () => undefined,
            onBody: (bytes, start, end) => (text += bytes.toString('utf8', start, end)),
            onComplete: () => resolve(text),
            onFailure: reject,
          });
        });
        expect(body).toBe(`answer to ${path}`);
        expect(pool.connections).toBe(1);
      }
    } finally {
      pool.close();
      server.closeAllConnections();
      server.close();
    }
  });
});
