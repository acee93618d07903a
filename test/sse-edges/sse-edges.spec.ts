import { eventually } from '#testing/eventually';
import { startSystem, type TestSystem } from '#testing/system';
import { ask, type Heard } from './conversation';
import {
  DONE,
  jsonAnswer,
  LAST_CHUNK,
  startScriptedEngine,
  STREAM_HEAD,
  token,
  vllmError,
  type ScriptedEngine,
} from '#testing/scripted-engine';

const TIMEOUTS = { FIRST_TOKEN_TIMEOUT_MS: '4000', BETWEEN_TOKENS_TIMEOUT_MS: '5000', REQUEST_DEADLINE_MS: '11000' };

/** Asked for at the start, since they take as long as their timeouts. */
type Slow =
  | 'never answers'
  | 'sends headers only'
  | 'only comments'
  | 'stalls'
  | 'goes on for ever'
  | 'never answers, unstreamed';

describe('an engine that answers in odd ways', () => {
  let engine: ScriptedEngine;
  let system: TestSystem;
  const closed = new Set<string>();
  let slow: Record<Slow, Promise<Heard>>;

  beforeAll(async () => {
    engine = await startScriptedEngine();
    system = await startSystem({ engine: { url: engine.url }, env: TIMEOUTS });
    engine.on('never answers', async (wire) => {
      await wire.closed;
      closed.add('never answers');
    });
    engine.on('sends headers only', async (wire) => {
      await wire.send(STREAM_HEAD);
      await wire.closed;
      closed.add('sends headers only');
    });
    engine.on('stalls', async (wire) => {
      await wire.send(STREAM_HEAD);
      await wire.chunk(token('before'));
      await wire.closed;
      closed.add('stalls');
    });
    engine.on('goes on for ever', async (wire) => {
      await wire.send(STREAM_HEAD);
      while (!wire.isClosed) {
        await wire.chunk(token('.'));
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      closed.add('goes on for ever');
    });
    engine.on('only comments', async (wire) => {
      await wire.send(STREAM_HEAD);
      while (!wire.isClosed) {
        await wire.chunk(': I am still here\n\n');
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      closed.add('only comments');
    });
    slow = {
      'only comments': ask(system, 'only comments'),
      'never answers': ask(system, 'never answers'),
      'sends headers only': ask(system, 'sends headers only'),
      stalls: ask(system, 'stalls'),
      'goes on for ever': ask(system, 'goes on for ever'),
      'never answers, unstreamed': ask(system, 'never answers', { stream: false }),
    };
  });
  afterAll(async () => {
    await system.stop();
    await engine.stop();
  });

  /** Plays the chunks as one stream and asks for it. */
  async function relay(...chunks: (string | Buffer)[]): Promise<Heard> {
    engine.on('relay', async (wire) => {
      await wire.send(STREAM_HEAD);
      for (const chunk of chunks) await wire.chunk(chunk);
      await wire.send(LAST_CHUNK);
    });
    return ask(system, 'relay');
  }

  /**
   * Who comes after a broken connection waits a second for the engine, and may be answered 200 before that is over: whose
   * status counts asks when the next one is taken at once.
   */
  async function askAtOnce(script: string, fields: { stream: boolean }): Promise<Heard> {
    expect((await relay(token('ready', 'stop') + DONE)).status).toBe(200);
    return ask(system, script, fields);
  }

  describe('what it sends arrives byte for byte', () => {
    it('with Hangul and emoji split over chunks and packets at every byte', async () => {
      const stream = token('안녕하세요 👨‍👩‍👧 세계') + token('', 'stop') + DONE;
      const bytes = Buffer.from(stream);
      engine.on('byte by byte', async (wire) => {
        await wire.send(STREAM_HEAD);
        for (let at = 0; at < bytes.length; at++) await wire.chunk(bytes.subarray(at, at + 1));
        await wire.send(LAST_CHUNK);
      });
      expect((await ask(system, 'byte by byte')).text).toBe(stream);
    });

    it('with chunk heads split over packets', async () => {
      const stream = token('하나') + token('둘') + DONE;
      const wireBytes = Buffer.from(
        `${STREAM_HEAD}${Buffer.byteLength(stream).toString(16)}\r\n${stream}\r\n${LAST_CHUNK}`,
      );
      engine.on('dribble', async (wire) => {
        for (let at = 0; at < wireBytes.length; at++) await wire.send(wireBytes.subarray(at, at + 1));
      });
      expect((await ask(system, 'dribble')).text).toBe(stream);
    });

    it('with CRLF line ends', async () => {
      const stream = (token('하나') + token('둘', 'stop') + DONE).replaceAll('\n', '\r\n');
      const heard = await relay(stream.slice(0, 60), stream.slice(60, stream.length - 1), stream.slice(-1));
      expect(heard.text).toBe(stream);
      expect(heard.error).toBeNull();
    });

    it('with CR line ends', async () => {
      const stream = (token('하나') + token('둘', 'stop') + DONE).replaceAll('\n', '\r');
      const heard = await relay(stream);
      expect(heard.text).toBe(stream);
      expect(heard.error).toBeNull();
    });

    it('with comments between and inside of events', async () => {
      const stream = `: hello\n\n: inside\n${token('하나')}:\n\n${token('둘', 'stop')}${DONE}`;
      expect((await relay(stream.slice(0, 20), stream.slice(20))).text).toBe(stream);
    });

    it('with one event of a megabyte', async () => {
      const stream = token('가'.repeat(350_000)) + token('', 'stop') + DONE;
      const bytes = Buffer.from(stream);
      const parts = Array.from({ length: 40 }, (_, i) =>
        bytes.subarray((i * bytes.length) / 40, ((i + 1) * bytes.length) / 40),
      );
      expect((await relay(...parts)).text === stream).toBe(true);
    });

    it('with many events in one packet', async () => {
      const stream = Array.from({ length: 500 }, (_, i) => token(`${i} `)).join('') + DONE;
      expect((await relay(stream)).text).toBe(stream);
    });

    it('with data without a space, ids, event names and retries', async () => {
      const stream = `id: 1\nevent: message\nretry: 10\n${token('a').replace('data: ', 'data:')}${DONE}`;
      expect((await relay(stream)).text).toBe(stream);
    });

    it('with a token whose text looks like the end, an error and usage', async () => {
      const stream =
        token('data: [DONE]\n\n') +
        token('{"error":{"code":500}}') +
        token('"choices":[] "usage":{"prompt_tokens":1}') +
        DONE;
      const heard = await relay(stream);
      expect(heard.text).toBe(stream);
      expect(heard.error).toBeNull();
    });

    it('until the connection ends, where it has no length', async () => {
      const stream = token('하나') + DONE;
      engine.on('until close', async (wire) => {
        await wire.send('HTTP/1.0 200 OK\r\ncontent-type: text/event-stream\r\n\r\n');
        await wire.send(stream);
        await wire.end();
      });
      expect((await ask(system, 'until close')).text).toBe(stream);
    });
  });

  describe('the usage event', () => {
    const usage = `data: ${JSON.stringify({ id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1, model: 'scripted', choices: [], usage: { prompt_tokens: 3, total_tokens: 5, completion_tokens: 2 } })}\n\n`;

    it('is always asked for, and kept from a client who did not ask', async () => {
      let asked: unknown;
      engine.on('usage', async (wire) => {
        asked = wire.body['stream_options'];
        await wire.send(STREAM_HEAD);
        await wire.chunk(token('a', 'stop') + usage + DONE);
        await wire.send(LAST_CHUNK);
      });
      expect((await ask(system, 'usage')).text).toBe(token('a', 'stop') + DONE);
      expect(asked).toEqual({ include_usage: true });
      const told = await ask(system, 'usage', { stream_options: { include_usage: true } });
      expect(told.text).toBe(token('a', 'stop') + usage + DONE);
    });

    it('is kept back as well when it comes in pieces and with CRLF', async () => {
      const stream = (token('a', 'stop') + usage + DONE).replaceAll('\n', '\r\n');
      const bytes = Buffer.from(stream);
      const heard = await relay(...Array.from({ length: bytes.length }, (_, at) => bytes.subarray(at, at + 1)));
      expect(heard.text).toBe((token('a', 'stop') + DONE).replaceAll('\n', '\r\n'));
    });
  });

  describe('an error before the first byte', () => {
    it.each<[string, string, number, string]>([
      [
        '400 Bad Request',
        vllmError('max_tokens must be at least 1', 'BadRequestError', 400),
        400,
        'engine_rejected_request',
      ],
      [
        '400 Bad Request',
        vllmError("This model's maximum context length is 4096 tokens.", 'BadRequestError', 400),
        400,
        'context_length_exceeded',
      ],
      ['404 Not Found', vllmError('The model `x` does not exist.', 'NotFoundError', 404), 404, 'model_not_found'],
      ['404 Not Found', '{"detail":"Not Found"}', 404, 'model_not_found'],
      ['422 Unprocessable Entity', '{"detail":[{"loc":["body"],"msg":"bad"}]}', 400, 'engine_rejected_request'],
      [
        '500 Internal Server Error',
        vllmError('CUDA error: device-side assert', 'InternalServerError', 500),
        502,
        'engine_error',
      ],
      ['500 Internal Server Error', 'Internal Server Error', 502, 'engine_error'],
      [
        '503 Service Unavailable',
        vllmError('The server is shutting down', 'ServiceUnavailableError', 503),
        503,
        'engine_unavailable',
      ],
      ['401 Unauthorized', '{"error":"Unauthorized"}', 502, 'engine_error'],
      ['429 Too Many Requests', '', 503, 'engine_unavailable'],
      ['302 Found', '', 502, 'engine_error'],
      ['500 Internal Server Error', '', 502, 'engine_error'],
    ])('%s %s is a %i %s, streaming and not', async (status, body, seen, code) => {
      engine.on('fails', (wire) => wire.send(jsonAnswer(status, body)));
      for (const stream of [true, false]) {
        const heard = await askAtOnce('fails', { stream });
        expect(heard).toMatchObject({
          status: seen,
          error: { code, message: expect.any(String) as string, type: expect.any(String) as string },
        });
        expect(heard.headers.get('x-request-id')).toMatch(/^req_/);
        expect(heard.text).not.toContain('CUDA');
        expect(heard.text).not.toContain('Unauthorized');
      }
    });

    it.each<[string, string]>([
      ['no HTTP', 'SSH-2.0-OpenSSH_9.2\r\n\r\n'],
      ['binary garbage', '\x00\x01\x02\xff\xfe\r\n\r\n'],
      ['another protocol version', 'HTTP/2 200 OK\r\n\r\n'],
      ['two lengths', 'HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab'],
      ['a head without end', `HTTP/1.1 200 OK\r\nx: ${'y'.repeat(100_000)}`],
    ])('%s is a 502 engine_error, streaming and not', async (_what, bytes) => {
      engine.on('garbage', async (wire) => {
        await wire.send(Buffer.from(bytes, 'latin1'));
        await wire.closed;
      });
      for (const stream of [true, false])
        expect(await askAtOnce('garbage', { stream })).toMatchObject({
          status: 502,
          error: { code: 'engine_error' },
        });
    });

    it('a close or a reset without a word is a 503 or a 502, never a hang', async () => {
      engine.on('closes', (wire) => wire.end());
      engine.on('resets', (wire) => wire.reset());
      for (const script of ['closes', 'resets'])
        for (const stream of [true, false]) {
          const heard = await askAtOnce(script, { stream });
          expect([502, 503]).toContain(heard.status);
          expect(['engine_error', 'engine_unavailable']).toContain(heard.error?.code);
        }
    });
  });

  describe('an error in mid-stream', () => {
    it.each<[string, string]>([
      ['an error event', `data: ${vllmError('EngineCore died: CUDA error', 'InternalServerError', 500)}\n\n${DONE}`],
      ['an error event with CRLF', `data: ${vllmError('EngineCore died', 'InternalServerError', 500)}\r\n\r\n${DONE}`],
      [
        'an error event as Python writes it',
        `data: {"error": {"message": "EngineCore died", "type": "InternalServerError", "param": null, "code": 500}}\n\n`,
      ],
    ])('that is %s ends the stream with an error of ours', async (_what, event) => {
      const heard = await relay(token('before'), event);
      expect(heard.status).toBe(200);
      expect(heard.events.slice(0, -1)).toEqual([token('before').slice(6, -2)]);
      expect(heard.error).toMatchObject({ code: 'engine_error' });
      expect(heard.text).not.toContain('EngineCore');
      expect(heard.text).not.toContain('[DONE]');
    });

    it('that is finish_reason abort ends it with engine_unavailable', async () => {
      const heard = await relay(token('before'), token('', 'abort') + DONE);
      expect(heard.error).toMatchObject({ code: 'engine_unavailable' });
      expect(heard.text).not.toContain('[DONE]');
    });

    it.each<[string, (wire: Parameters<Parameters<ScriptedEngine['on']>[1]>[0]) => Promise<void>]>([
      ['a proper end without [DONE]', (wire) => wire.send(LAST_CHUNK)],
      ['a close', (wire) => wire.end()],
      ['a close in the middle of a chunk', (wire) => wire.send('ff\r\ndata: {"id').then(() => wire.end())],
      ['a close in the middle of an event', (wire) => wire.chunk('data: {"id').then(() => wire.end())],
      ['a reset', (wire) => wire.reset()],
      ['garbage for a chunk', (wire) => wire.send('zz\r\n')],
    ])('that is %s is told as upstream_truncated, never a silent end', async (_what, finish) => {
      engine.on('truncated', async (wire) => {
        await wire.send(STREAM_HEAD);
        await wire.chunk(token('before'));
        await finish(wire);
      });
      const heard = await ask(system, 'truncated');
      expect(heard.status).toBe(200);
      expect(heard.events[0]).toBe(token('before').slice(6, -2));
      expect(heard.error).toMatchObject({ code: 'upstream_truncated' });
      expect(heard.text).not.toContain('[DONE]');
    });

    it('does not matter once [DONE] has come', async () => {
      engine.on('resets after', async (wire) => {
        await wire.send(STREAM_HEAD);
        await wire.chunk(token('all', 'stop') + DONE);
        await wire.reset();
      });
      expect((await ask(system, 'resets after')).text).toBe(token('all', 'stop') + DONE);
    });

    it('is one event larger than the bound', async () => {
      engine.on('huge', async (wire) => {
        await wire.send(STREAM_HEAD);
        const part = 'x'.repeat(1024 * 1024);
        await wire.chunk(token('before'));
        await wire.chunk('data: {"a":"');
        while (!wire.isClosed) await wire.chunk(part);
      });
      expect((await ask(system, 'huge')).error).toMatchObject({ code: 'engine_error' });
    });
  });

  describe('an answer that does not stream', () => {
    const body = JSON.stringify({
      id: 'chatcmpl-1',
      object: 'chat.completion',
      choices: [{ index: 0, message: { role: 'assistant', content: '안녕 😀'.repeat(1_000) }, finish_reason: 'stop' }],
      usage: { prompt_tokens: 1, total_tokens: 3, completion_tokens: 2 },
    });
    const bytes = Buffer.from(body);

    it('arrives byte for byte with a length, in chunks, and until the close', async () => {
      engine.on('length', (wire) => wire.send(jsonAnswer('200 OK', body)));
      engine.on('chunked', async (wire) => {
        await wire.send('HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n');
        for (let at = 0; at < bytes.length; at += 1_001) await wire.chunk(bytes.subarray(at, at + 1_001));
        await wire.send(LAST_CHUNK);
      });
      engine.on('until the close', async (wire) => {
        await wire.send('HTTP/1.0 200 OK\r\ncontent-type: application/json\r\n\r\n');
        await wire.send(bytes);
        await wire.end();
      });
      for (const script of ['length', 'chunked', 'until the close']) {
        const heard = await ask(system, script, { stream: false });
        expect(heard.status).toBe(200);
        expect(heard.text === body).toBe(true);
      }
    });

    it('is a 502 upstream_truncated when it is cut', async () => {
      engine.on('short of its length', async (wire) => {
        await wire.send(jsonAnswer('200 OK', body).slice(0, -500));
        await wire.end();
      });
      engine.on('short of chunks', async (wire) => {
        await wire.send('HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n');
        await wire.chunk(bytes.subarray(0, 100));
        await wire.reset();
      });
      for (const script of ['short of its length', 'short of chunks'])
        expect(await ask(system, script, { stream: false })).toMatchObject({
          status: 502,
          error: { code: 'upstream_truncated' },
        });
    });
  });

  describe('times', () => {
    it('first_token_timeout is a 504 when no byte has come', async () => {
      expect(await slow['never answers']).toMatchObject({ status: 504, error: { code: 'first_token_timeout' } });
      expect(await slow['sends headers only']).toMatchObject({ status: 504, error: { code: 'first_token_timeout' } });
    });

    it('comments that keep a connection alive are no token', async () => {
      expect(await slow['only comments']).toMatchObject({ error: { code: 'first_token_timeout' } });
    });

    it('between_tokens_timeout is an error event after what came before', async () => {
      const heard = await slow.stalls;
      expect(heard.events).toHaveLength(2);
      expect(heard).toMatchObject({ status: 200, error: { code: 'between_tokens_timeout' } });
    });

    it('request_deadline_exceeded ends a stream that goes on for ever, and an answer that never comes', async () => {
      expect(await slow['goes on for ever']).toMatchObject({
        status: 200,
        error: { code: 'request_deadline_exceeded' },
      });
      expect(await slow['never answers, unstreamed']).toMatchObject({
        status: 504,
        error: { code: 'request_deadline_exceeded' },
      });
    });

    it('the connection to the engine is closed each time', async () => {
      await eventually(() => closed.size === 5);
    });
  });

  it('serves the next request as if nothing had happened', async () => {
    expect((await relay(token('fine', 'stop') + DONE)).text).toBe(token('fine', 'stop') + DONE);
    expect((await fetch(`${system.url}/health/ready`)).status).toBe(200);
  });
});
