import { once } from 'node:events';
import { connect } from 'node:net';

export interface RawAnswer {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

/** Well above every timeout of these tests: an answer that has not come by then is a hang. */
const HANG_MS = 60_000;

/**
 * Writes bytes to a server and reads its first answer. `bytes` may go on for ever: it is left as soon as the answer is there.
 * @throws Error when the connection ends without an answer, or nothing comes.
 */
export async function exchange(
  url: string,
  bytes: Iterable<Buffer | string> | AsyncIterable<Buffer | string>,
): Promise<RawAnswer> {
  const socket = connect({ port: Number(new URL(url).port), host: '127.0.0.1' });
  let received = Buffer.alloc(0);
  const answer = new Promise<RawAnswer>((resolve, reject) => {
    socket.on('data', (data) => {
      received = Buffer.concat([received, data]);
      const whole = parse(received, false);
      if (whole !== null) resolve(whole);
    });
    // A server that refuses may close before it has read everything; what it said counts.
    socket.on('error', () => undefined);
    socket.on('close', () => {
      const whole = parse(received, true);
      if (whole === null) reject(new Error(`no answer, only ${JSON.stringify(received.toString().slice(0, 200))}`));
      else resolve(whole);
    });
    socket.setTimeout(HANG_MS, () => reject(new Error('a hang: nothing came')));
  });
  answer.catch(() => undefined);
  let answered = false;
  void answer.finally(() => (answered = true)).catch(() => undefined);
  const send = async (): Promise<void> => {
    for await (const part of bytes) {
      if (answered || socket.destroyed) return;
      if (!socket.write(part))
        await Promise.race([once(socket, 'drain'), once(socket, 'close'), answer]).catch(() => undefined);
    }
  };
  const sending = send();
  try {
    return await answer;
  } finally {
    socket.destroy();
    await sending;
  }
}

function parse(received: Buffer, closed: boolean): RawAnswer | null {
  const headEnd = received.indexOf('\r\n\r\n');
  if (headEnd === -1) return null;
  const [start = '', ...lines] = received.toString('latin1', 0, headEnd).split('\r\n');
  const headers = new Map(
    lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
  );
  const body = received.subarray(headEnd + 4);
  const length = start.includes(' 204 ') ? '0' : headers.get('content-length');
  const enough = length === undefined ? closed : body.length >= Number(length);
  return enough ? { status: Number(start.split(' ')[1]), headers, body: body.toString() } : null;
}
