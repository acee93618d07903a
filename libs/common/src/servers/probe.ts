import { connect } from 'node:net';

/** Whether anybody accepts connections there. */
export function acceptsConnections(host: string, port: number, timeoutMs = 1_000): Promise<boolean> {
  return converse(host, port, timeoutMs, null, () => true);
}

/**
 * Whether Postgres takes sessions: it answers a StartupMessage with an authentication request ('R'), and with an error
 * ('E') while it still recovers. No password needed. (PostgreSQL documentation, "Message Formats".)
 */
export function postgresTakesSessions(
  port: number,
  user: string,
  database: string,
  timeoutMs = 1_000,
): Promise<boolean> {
  const words = Buffer.from(`user\0${user}\0database\0${database}\0\0`);
  const head = Buffer.alloc(8);
  head.writeInt32BE(head.length + words.length, 0);
  head.writeInt32BE(0x0003_0000, 4); // protocol 3.0
  return converse(
    '127.0.0.1',
    port,
    timeoutMs,
    Buffer.concat([head, words]),
    (answer) => answer[0] === 'R'.charCodeAt(0),
  );
}

/** Connects, says `hello` when there is one, and judges the first bytes of the answer (nothing said: the connection). */
function converse(
  host: string,
  port: number,
  timeoutMs: number,
  hello: Buffer | null,
  judge: (answer: Buffer) => boolean,
): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const end = (verdict: boolean): void => {
      socket.destroy();
      resolve(verdict);
    };
    socket.setTimeout(timeoutMs, () => {
      end(false);
    });
    socket.once('connect', () => {
      if (hello === null) end(true);
      else socket.write(hello);
    });
    socket.once('data', (answer: Buffer) => {
      end(judge(answer));
    });
    socket.once('error', () => {
      end(false);
    });
    socket.once('close', () => {
      end(false);
    });
  });
}
