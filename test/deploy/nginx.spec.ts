import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect as connectHttp2, type ClientHttp2Session, type ClientHttp2Stream } from 'node:http2';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { connect } from 'node:tls';
import { ERRORS, isErrorCode } from '#contracts/errors';
import { freePort } from '#testing/ports';
import {
  DONE,
  LAST_CHUNK,
  startScriptedEngine,
  STREAM_HEAD,
  token,
  type ScriptedEngine,
} from '#testing/scripted-engine';
import { startSystem, type TestSystem } from '#testing/system';
import { nginxIsHere, startNginx, type TestNginx } from './nginx';

const HERE = nginxIsHere ? describe : describe.skip;
const MODEL = 'scripted';
if (!nginxIsHere) console.warn('nginx or openssl is not on this machine: deploy/nginx is not tested');

/** A step that a script waits for and a client gives. */
function step(): { given: Promise<void>; give: () => void } {
  let give = (): void => undefined;
  const given = new Promise<void>((done) => (give = done));
  return { given, give };
}

HERE('nginx in front of Tandem, with the files of deploy/nginx', () => {
  let engine: ScriptedEngine;
  let system: TestSystem;
  let nginx: TestNginx;

  beforeAll(async () => {
    engine = await startScriptedEngine();
    system = await startSystem({
      engine: { url: engine.url },
      env: { TRUSTED_PROXIES: '127.0.0.1', SLOW_READER_BYTES: '65536' },
    });
    // The first gateway is dead: every answer below is the backup's.
    const dead = await freePort();
    nginx = await startNginx(`server 127.0.0.1:${dead}; server ${new URL(system.url).host} backup;`);
  });
  afterAll(async () => {
    await nginx.stop();
    await system.stop();
    await engine.stop();
  });

  const send = (path: string, { method = 'GET', headers = {}, body = '' } = {}): Promise<Answer> =>
    new Promise((done, fail) => {
      const options = { method, headers: { authorization: `Bearer ${system.apiKey}`, ...headers } };
      const call = request(`${nginx.httpsUrl}${path}`, { ...options, ca: nginx.certificate, agent: false });
      call.once('error', fail);
      call.once('response', (answer) => void textOf(answer).then((text) => done({ answer, text }), fail));
      call.end(body);
    });
  const chat = (content: string, more: object = {}): string =>
    JSON.stringify({ model: MODEL, messages: [{ role: 'user', content }], ...more });
  const ask = (session: ClientHttp2Session, body: string): ClientHttp2Stream => {
    const headers = { 'content-type': 'application/json', 'accept-encoding': 'gzip, br' };
    const bearer = { authorization: `Bearer ${system.apiKey}` };
    const stream = session.request({ ':method': 'POST', ':path': '/v1/chat/completions', ...headers, ...bearer });
    stream.end(body);
    return stream;
  };
  const json = { 'content-type': 'application/json' };
  const post = (body: string, headers = {}): Promise<Answer> =>
    send('/v1/chat/completions', { method: 'POST', headers: { ...json, ...headers }, body });

  it('lets the openai package stream through TLS, each token before the engine writes the next', async () => {
    const steps = [step(), step(), step()];
    engine.on('one by one', async (wire) => {
      await wire.send(STREAM_HEAD);
      for (const [index, one] of steps.entries()) {
        await wire.chunk(token(`token ${index}`));
        await one.given;
      }
      await wire.chunk(token('', 'stop') + DONE);
      await wire.send(LAST_CHUNK);
    });
    const client = startClient(nginx, system.apiKey, 'one by one');
    const lines: string[] = [];
    for await (const line of createInterface({ input: outputOf(client) })) {
      lines.push(line);
      steps[lines.length - 1]?.give();
    }
    expect(lines).toEqual(['"token 0"', '"token 1"', '"token 2"', 'end']);
  });

  it('streams over HTTP/2 in the same way, and packs no event stream', async () => {
    const next = step();
    engine.on('over http2', async (wire) => {
      await wire.send(STREAM_HEAD);
      await wire.chunk(token('first'));
      await next.given;
      await wire.chunk(token('second', 'stop') + DONE);
      await wire.send(LAST_CHUNK);
    });
    const session = connectHttp2(nginx.httpsUrl, { ca: nginx.certificate });
    const stream = ask(session, chat('over http2', { stream: true }));
    const [head] = (await once(stream, 'response')) as [Record<string, string>];
    let text = '';
    for await (const bytes of stream) {
      text += String(bytes);
      if (text.includes('first')) next.give();
    }
    session.close();
    expect(head).toMatchObject({
      ':status': 200,
      'content-type': expect.stringContaining('text/event-stream') as string,
    });
    expect(head['content-encoding']).toBeUndefined();
    expect(text).toContain('second');
  });

  it('passes a client that leaves on to the engine', async () => {
    const left = step();
    engine.on('left alone', async (wire) => {
      await wire.send(STREAM_HEAD);
      await wire.chunk(token('.'));
      await wire.closed;
      left.give();
    });
    const client = startClient(nginx, system.apiKey, 'left alone');
    await once(outputOf(client), 'data');
    client.kill('SIGKILL');
    await left.given;
  });

  it('cuts a reader that stands still, and its engine with it, as without nginx', async () => {
    const cut = step();
    engine.on('too fast', async (wire) => {
      await wire.send(STREAM_HEAD);
      while (!wire.isClosed) await wire.chunk(token('x'.repeat(8_192)));
      cut.give();
    });
    const body = chat('too fast', { stream: true });
    const socket = connect({
      port: nginx.httpsPort,
      host: '127.0.0.1',
      ca: nginx.certificate,
      servername: 'localhost',
    });
    socket.on('error', () => undefined);
    socket.pause();
    socket.write(
      `POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer ${system.apiKey}\r\n` +
        `content-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    );
    await cut.given;
    socket.destroy();
  });

  it('carries a body of one megabyte, and refuses one above the limit in the words of the API', async () => {
    engine.on('after a long text', async (wire) => {
      const length = String((wire.body['messages'] as { content: string }[])[0]?.content.length);
      await wire.send(STREAM_HEAD);
      await wire.chunk(token(length, 'stop') + DONE);
      await wire.send(LAST_CHUNK);
    });
    const long = { role: 'system', content: 'a'.repeat(1024 * 1024) };
    const messages = [long, { role: 'user', content: 'after a long text' }];
    const carried = await post(JSON.stringify({ model: MODEL, messages, stream: true }));
    expect([carried.answer.statusCode, carried.text]).toEqual([200, expect.stringContaining(String(1024 * 1024))]);

    const refused = await post(chat('x'.repeat(5 * 1024 * 1024)));
    expect(refused.answer.statusCode).toBe(413);
    expect(JSON.parse(refused.text)).toMatchObject({ error: { code: 'request_too_large' } });
  });

  it('refuses a head of 64 KiB in the words of the API', async () => {
    const { answer, text } = await send('/v1/models', { headers: { 'x-long': 'x'.repeat(64 * 1024) } });
    expect(answer.statusCode).toBe(431);
    expect(JSON.parse(text)).toMatchObject({ error: { code: 'headers_too_large' } });
  });

  it('lets one address hold 200 requests at once, and tells the next one to wait', async () => {
    const over = step();
    engine.on('held', async (wire) => {
      await wire.send(STREAM_HEAD);
      await wire.chunk(token('.'));
      await over.given;
      await wire.chunk(DONE);
      await wire.send(LAST_CHUNK);
    });
    // nginx takes 128 streams of one connection.
    const sessions = [0, 1].map(() => connectHttp2(nginx.httpsUrl, { ca: nginx.certificate }));
    const held = sessions.flatMap((session) =>
      Array.from({ length: 100 }, () => ask(session, chat('held', { stream: true }))),
    );
    await Promise.all(held.map((stream) => once(stream, 'data')));
    const { answer, text } = await post(chat('held'));
    expect([answer.statusCode, answer.headers['retry-after']]).toEqual([429, '2']);
    expect(JSON.parse(text)).toMatchObject({ error: { code: 'rate_limit_exceeded' } });
    over.give();
    await Promise.all(held.map((stream) => once(stream.resume(), 'close')));
    for (const session of sessions) session.close();
  });

  it('leaves the errors of the gateway as they are', async () => {
    const { answer, text } = await send('/v1/models', { headers: { authorization: 'Bearer wrong' } });
    expect([answer.statusCode, JSON.parse(text)]).toMatchObject([401, { error: { code: 'invalid_api_key' } }]);
  });

  it.each(['/metrics', '/api/docs', '/api/docs/', '/api/docs/openapi.json'])(
    'keeps %s from the world',
    async (path) => {
      const { answer, text } = await send(path);
      expect([answer.statusCode, JSON.parse(text)]).toMatchObject([404, { error: { code: 'not_found' } }]);
    },
  );

  it('tells browsers to stay with TLS, and sends those who come without it there', async () => {
    const secure = await send('/');
    expect(secure.answer.headers['strict-transport-security']).toBe('max-age=31536000');
    const plain = await fetch(`${nginx.httpUrl}/c/1?x=y`, { redirect: 'manual' });
    expect([plain.status, plain.headers.get('location')]).toEqual([308, 'https://127.0.0.1/c/1?x=y']);
    const proof = await fetch(`${nginx.httpUrl}/.well-known/acme-challenge/token`);
    expect(await proof.text()).toBe('proof');
  });

  it('believes nothing that a client says of its own address', async () => {
    await send('/v1/models', { headers: { 'x-forwarded-for': '203.0.113.9', 'x-request-id': 'req-from-outside' } });
    expect(nginx.log()).toContain('"client":"127.0.0.1"');
    expect(system.log('api-gateway')).not.toContain('203.0.113.9');
  });
});

HERE('nginx without any gateway', () => {
  it('says so in the words of the API', async () => {
    const nginx = await startNginx(`server 127.0.0.1:${await freePort()};`);
    try {
      const call = request(`${nginx.httpsUrl}/v1/chat/completions`, { method: 'POST', ca: nginx.certificate });
      call.end('{}');
      const [answer] = (await once(call, 'response')) as [IncomingMessage];
      expect([answer.statusCode, answer.headers['retry-after']]).toEqual([503, '2']);
      expect(JSON.parse(await textOf(answer))).toMatchObject({ error: { code: 'service_unavailable' } });
    } finally {
      await nginx.stop();
    }
  });
});

describe("nginx's own error bodies", () => {
  it.each([400, 404, 413, 429, 431, 500, 503])('for %d has a code of the table, with its status and type', (status) => {
    const file = join(resolve(__dirname, '../../deploy/nginx/errors'), `${status}.json`);
    const { error } = JSON.parse(readFileSync(file, 'utf8')) as { error: { code: string; type: string; param: null } };
    const row = isErrorCode(error.code) ? ERRORS[error.code] : undefined;
    expect(row).toMatchObject({ status, type: error.type });
    expect(Object.keys(error).sort()).toEqual(['code', 'message', 'param', 'type']);
  });
});

interface Answer {
  readonly answer: IncomingMessage;
  readonly text: string;
}

async function textOf(answer: IncomingMessage): Promise<string> {
  let text = '';
  for await (const bytes of answer.setEncoding('utf8')) text += String(bytes);
  return text;
}

function startClient(nginx: TestNginx, apiKey: string, question: string): ChildProcess {
  const args = [join(__dirname, 'openai-client.mjs'), `${nginx.httpsUrl}/v1`, apiKey, question];
  return spawn(process.execPath, args, {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { PATH: process.env['PATH'] ?? '', NODE_EXTRA_CA_CERTS: nginx.certificateFile },
  });
}

function outputOf(client: ChildProcess): Readable {
  if (client.stdout === null) throw new Error('the client was started without a pipe');
  return client.stdout;
}
