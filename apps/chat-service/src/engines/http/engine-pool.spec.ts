import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { eventually } from '#testing/eventually';
import { EnginePool } from './engine-pool';

const REQUEST = Buffer.from('POST /v1/completions HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n{}');
const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';

/** A TCP server that answers as a test says, and remembers its connections. */
class Engine {
  readonly sockets: Socket[] = [];
  requests = 0;
  private server!: Server;

  async start(onRequest: (socket: Socket, nth: number) => void): Promise<EnginePool> {
    this.server = createServer((socket) => {
      this.sockets.push(socket);
      socket.on('error', () => undefined);
      socket.on('data', () => onRequest(socket, ++this.requests));
    });
    await new Promise<void>((done) => this.server.listen(0, '127.0.0.1', done));
    return new EnginePool(`http://127.0.0.1:${(this.server.address() as AddressInfo).port}`);
  }

  stop(): void {
    for (const socket of this.sockets) socket.destroy();
    this.server.close();
  }
}

interface Outcome {
  body: string;
  status: number;
  failure: string | null;
  beforeAnswer: boolean | null;
}

function ask(pool: EnginePool): { outcome: Promise<Outcome>; abort: () => void } {
  let abort: () => void = () => undefined;
  const outcome = new Promise<Outcome>((resolve) => {
    const seen: Outcome = { body: '', status: 0, failure: null, beforeAnswer: null };
    const call = pool.send(REQUEST, {
      onHead: (head) => (seen.status = head.status),
      onBody: (bytes, start, end) => (seen.body += bytes.toString('utf8', start, end)),
      onComplete: () => resolve(seen),
      onFailure: (error) => resolve({ ...seen, failure: error.message, beforeAnswer: error.beforeAnswer }),
    });
    abort = () => call.abort();
  });
  return { outcome, abort };
}

describe('the connections to an engine', () => {
  let current: Engine;
  let pool: EnginePool;

  const start = async (onRequest: (socket: Socket, nth: number) => void): Promise<void> => {
    current = new Engine();
    pool = await current.start(onRequest);
  };

  afterEach(() => {
    pool.close();
    current.stop();
  });

  it('serves one request after the other on one connection, and parallel ones on several', async () => {
    await start((socket) => socket.write(OK));
    expect((await ask(pool).outcome).body).toBe('ok');
    expect((await ask(pool).outcome).body).toBe('ok');
    expect(current.sockets).toHaveLength(1);
    await Promise.all([ask(pool).outcome, ask(pool).outcome, ask(pool).outcome]);
    expect(current.sockets).toHaveLength(3);
  });

  it('repeats a request on a fresh connection when the kept one was closed before any answer', async () => {
    await start((socket, nth) => (nth === 2 ? socket.destroy() : socket.write(OK)));
    await ask(pool).outcome;
    expect(await ask(pool).outcome).toMatchObject({ body: 'ok', failure: null });
    expect(current.requests).toBe(3);
  });

  it('does not repeat a request whose fresh connection was closed: the engine may have begun it', async () => {
    await start((socket) => socket.destroy());
    expect(await ask(pool).outcome).toMatchObject({ failure: expect.any(String) as string, beforeAnswer: true });
    expect(current.requests).toBe(1);
  });

  it('does not repeat a request after the first byte of its answer', async () => {
    await start((socket, nth) => {
      socket.write(nth === 1 ? OK : 'HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\npart');
      if (nth > 1) socket.end();
    });
    await ask(pool).outcome;
    expect(await ask(pool).outcome).toMatchObject({
      body: 'part',
      beforeAnswer: false,
      failure: 'the response was cut short',
    });
    expect(current.requests).toBe(2);
  });

  it('closes the connection of an aborted request, and says nothing more to its owner', async () => {
    await start((socket) => socket.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n'));
    let heard = false;
    const { outcome, abort } = ask(pool);
    void outcome.then(() => (heard = true));
    await eventually(() => {
      expect(current.requests).toBe(1);
      return true;
    });
    abort();
    await eventually(() => {
      expect(current.sockets[0]?.closed).toBe(true);
      return true;
    });
    expect(heard).toBe(false);
    expect(pool.connections).toBe(0);
  });

  it('leaves the connection alone when a finished request is aborted: it serves somebody else', async () => {
    await start((socket) => socket.write(OK));
    const first = ask(pool);
    await first.outcome;
    const second = ask(pool);
    first.abort();
    expect(await second.outcome).toMatchObject({ body: 'ok', failure: null });
    expect(current.sockets).toHaveLength(1);
  });

  it('says plainly that nobody listens', async () => {
    await start((socket) => socket.write(OK));
    const gone = new EnginePool('http://127.0.0.1:1');
    expect(await ask(gone).outcome).toMatchObject({
      beforeAnswer: true,
      failure: expect.stringContaining('ECONNREFUSED') as string,
    });
  });

  it('drops a connection on which an engine speaks unasked', async () => {
    await start((socket) => socket.write(OK + 'HTTP/1.1 200 OK\r\n'));
    await ask(pool).outcome;
    await eventually(() => {
      expect(pool.connections).toBe(0);
      return true;
    });
  });
});
