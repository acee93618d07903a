import { connect, type Socket } from 'node:net';
import { parseMetrics } from '#testing/simulator';
import { startSystem, type TestSystem } from '#testing/system';
import { ask, open } from './conversation';
import {
  DONE,
  jsonAnswer,
  LAST_CHUNK,
  startScriptedEngine,
  STREAM_HEAD,
  token,
  type ScriptedEngine,
} from '#testing/scripted-engine';

const MIB = 1024 * 1024;
/** V8 grows its heap in steps; a stream without a bound would add hundreds of MiB here. */
const MEMORY_HEADROOM = 200 * MIB;

describe('streams that are quiet, slow or fast', () => {
  let engine: ScriptedEngine;
  let system: TestSystem;
  let quiet: Promise<{ text: string; firstCommentAfterMs: number }>;

  beforeAll(async () => {
    engine = await startScriptedEngine();
    system = await startSystem({ engine: { url: engine.url } });
    const commented = Promise.withResolvers<undefined>();
    engine.on('quiet', async (wire) => {
      await wire.send(STREAM_HEAD);
      await wire.chunk(token('before'));
      await commented.promise;
      await wire.chunk(token('after', 'stop') + DONE);
      await wire.send(LAST_CHUNK);
    });
    quiet = listen('quiet', () => commented.resolve(undefined));
  });
  afterAll(async () => {
    await system.stop();
    await engine.stop();
  });

  async function listen(script: string, onComment: () => void): Promise<{ text: string; firstCommentAfterMs: number }> {
    const response = await open(system, script);
    const started = performance.now();
    let text = '';
    let firstCommentAfterMs = 0;
    for await (const part of response.body ?? []) {
      text += Buffer.from(part as Uint8Array).toString();
      if (firstCommentAfterMs > 0 || !text.includes(': keep-alive')) continue;
      firstCommentAfterMs = performance.now() - started;
      onComment();
    }
    return { text, firstCommentAfterMs };
  }

  async function memory(): Promise<number> {
    const metrics = parseMetrics(await (await fetch(`${system.url}/metrics`)).text());
    return metrics['process_resident_memory_bytes'] ?? Number.NaN;
  }

  /** A client that sends a request and then does not read. */
  function request(script: string): Socket {
    const body = JSON.stringify({ model: 'default', stream: true, messages: [{ role: 'user', content: script }] });
    const socket = connect({ port: Number(new URL(system.url).port), host: '127.0.0.1' });
    socket.on('error', () => undefined);
    socket.write(
      `POST /v1/chat/completions HTTP/1.1\r\nHost: tandem\r\nConnection: close\r\nAuthorization: Bearer ${system.apiKey}\r\n` +
        `Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    );
    return socket.pause();
  }

  /** An engine that writes as fast as it is read; resolves when Tandem has closed the connection. */
  function flood(script: string): Promise<void> {
    return new Promise((resolve) =>
      engine.on(script, async (wire) => {
        await wire.send(STREAM_HEAD);
        const events = token('물'.repeat(1_000)).repeat(20);
        while (!wire.isClosed) await wire.chunk(events);
        resolve();
      }),
    );
  }

  it('a client that stops reading is cut, the engine with it, and nobody else notices', async () => {
    const scripts = ['flood 1', 'flood 2', 'flood 3'];
    const closed = scripts.map(flood);
    engine.on('steady', async (wire) => {
      await wire.send(STREAM_HEAD);
      for (let i = 0; i < 100; i++) {
        await wire.chunk(token(`${i} `));
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      await wire.chunk(DONE);
      await wire.send(LAST_CHUNK);
    });
    const before = await memory();
    const steady = [ask(system, 'steady'), ask(system, 'steady')];
    const slow = scripts.map(request);
    await Promise.all(closed);
    expect((await memory()) - before).toBeLessThan(MEMORY_HEADROOM);
    const expected = Array.from({ length: 100 }, (_, i) => token(`${i} `)).join('') + DONE;
    for (const heard of await Promise.all(steady)) expect(heard.text).toBe(expected);
    for (const socket of slow) socket.destroy();
  });

  it('a client that was cut is told why when it reads on', async () => {
    const closed = flood('flood 4');
    const socket = request('flood 4');
    await closed;
    let tail = '';
    socket.on('data', (data) => (tail = (tail + data.toString()).slice(-2_000)));
    socket.resume();
    await new Promise<void>((resolve) => socket.once('close', () => resolve()));
    expect(tail).toContain('"code":"slow_reader"');
    expect(tail).not.toContain('[DONE]');
  });

  it('an answer of 60 megabytes that does not stream arrives whole', async () => {
    const body = JSON.stringify({ id: 'x', choices: [], logprobs: 'y'.repeat(60 * MIB) });
    engine.on('large', (wire) => wire.send(jsonAnswer('200 OK', body)));
    const heard = await ask(system, 'large', { stream: false });
    expect(heard.error).toBeNull();
    expect(heard.text === body).toBe(true);
  });

  it('a silent stream gets a comment after 15 seconds, not earlier', async () => {
    const { text, firstCommentAfterMs } = await quiet;
    expect(text).toBe(`${token('before')}: keep-alive\n\n${token('after', 'stop')}${DONE}`);
    // The hub looks about once a second.
    expect(firstCommentAfterMs).toBeGreaterThan(14_500);
  });
});
