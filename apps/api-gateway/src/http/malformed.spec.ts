import { connect } from 'node:net';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import 'reflect-metadata';
import { ADMIN_KEY, startGateway, type RunningGateway } from '../testing/running-gateway';

/** What a raw socket read until the gateway closed it. */
interface RawAnswer {
  status: number;
  head: string;
  error: { code: string; message: string; type: string; param: null };
}

const AUTH = `authorization: Bearer ${ADMIN_KEY}\r\n`;
const JSON_TYPE = 'content-type: application/json\r\n';

/** Four seconds in steps: longer than the bounds below, and than node's interval of looking for slow requests. */
const LONG_ANSWER = Array.from({ length: 40 }, (_, index) => `data: ${index}\n\n`);
const STEP_MS = 100;

function answerAtLength(app: NestFastifyApplication): void {
  const server = app.getHttpAdapter().getInstance();
  server.post('/long-answer', (_request, reply) => {
    reply.hijack();
    reply.raw.writeHead(200, { 'content-type': 'text/event-stream' });
    const events = LONG_ANSWER.values();
    const timer = setInterval(() => {
      const event = events.next();
      if (event.done !== true) reply.raw.write(event.value);
      else {
        clearInterval(timer);
        reply.raw.end();
      }
    }, STEP_MS);
  });
}

describe('malformed HTTP', () => {
  let gateway: RunningGateway;
  beforeAll(async () => {
    gateway = await startGateway(
      // Long enough for honest bytes on a busy machine.
      { HEADERS_TIMEOUT_MS: '1000', REQUEST_TIMEOUT_MS: '2000', MAX_BODY_BYTES: '65536' },
      answerAtLength,
    );
  });
  afterAll(() => gateway.stop());

  /** Sends bytes as they are and waits for the end of the connection; the test's own time limit is the bound. */
  function raw(bytes: string | Buffer): Promise<RawAnswer> {
    return new Promise((resolve, reject) => {
      const chunks: Buffer[] = [];
      const socket = connect(gateway.port, '127.0.0.1', () => socket.write(bytes));
      socket.on('data', (chunk: Buffer) => chunks.push(chunk));
      socket.on('error', reject);
      socket.on('close', () => {
        const text = Buffer.concat(chunks).toString();
        const [head = '', body = ''] = text.split('\r\n\r\n');
        const { error } = JSON.parse(body) as RawAnswer;
        resolve({ status: Number(head.split(' ', 2)[1]), head, error });
      });
    });
  }

  const post = (headers: string, body = ''): string =>
    `POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nconnection: close\r\n${AUTH}${headers}\r\n${body}`;
  const length = (body: string): string => `content-length: ${Buffer.byteLength(body)}\r\n`;

  it.each<[string, string, number, string]>([
    ['no HTTP at all', 'hello\r\n\r\n', 400, 'invalid_value'],
    ['a TLS hello', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', 400, 'invalid_value'],
    ['an unknown method', 'BREW /v1/models HTTP/1.1\r\nhost: x\r\n\r\n', 400, 'invalid_value'],
    ['64 KiB of headers', `GET /v1/models HTTP/1.1\r\nx: ${'x'.repeat(65_536)}\r\n\r\n`, 431, 'headers_too_large'],
    ['a header with a NUL', 'GET /v1/models HTTP/1.1\r\nhost: x\r\nx: a\0b\r\n\r\n', 400, 'invalid_value'],
    ['two lengths', post(`${JSON_TYPE}content-length: 2\r\ncontent-length: 3\r\n`, '{}'), 400, 'invalid_value'],
    [
      'a length and chunks',
      post(`${JSON_TYPE}content-length: 2\r\ntransfer-encoding: chunked\r\n`, '0\r\n\r\n'),
      400,
      'invalid_value',
    ],
    ['no Host', 'GET /v1/models HTTP/1.1\r\nconnection: close\r\n\r\n', 400, 'invalid_value'],
    ['HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400, 'invalid_value'],
    ['CONNECT', 'CONNECT example.org:443 HTTP/1.1\r\nhost: example.org:443\r\n\r\n', 405, 'method_not_allowed'],
    [
      'a chunk whose size is no number',
      post(`${JSON_TYPE}transfer-encoding: chunked\r\n`, 'zz\r\n{}\r\n0\r\n\r\n'),
      400,
      'invalid_value',
    ],
  ])('%s is refused with the standard body', async (_name, bytes, status, code) => {
    const answer = await raw(Buffer.from(bytes, 'latin1'));
    expect(answer.status).toBe(status);
    expect(answer.error).toMatchObject({ code, type: 'invalid_request_error', param: null });
    expect(answer.head).toMatch(/^x-request-id: req_[0-9a-f]{32}\r?$/m);
  });

  it.each<[string, string]>([
    ['a head that never ends', 'GET /v1/models HTTP/1.1\r\nhost: x\r\nx-slow: '],
    ['a body that never ends', post(`${JSON_TYPE}content-length: 100\r\n`, '{"model":')],
    ['chunks that never end', post(`${JSON_TYPE}transfer-encoding: chunked\r\n`, '5\r\n{"a":\r\n')],
  ])('%s is ended with 408', async (_name, bytes) => {
    const answer = await raw(bytes);
    expect(answer.status).toBe(408);
    expect(answer.error.code).toBe('request_timeout');
  });

  const deep = (levels: number): string => `{"messages":${'['.repeat(levels)}${']'.repeat(levels)}}`;
  it.each<[string, string, string]>([
    ['that is no JSON', '{"model":', 'invalid_json'],
    ['of two documents', '{} {}', 'invalid_json'],
    ['1,000 levels deep', deep(1_000), 'invalid_json'],
    ['30,000 levels deep', deep(30_000), 'invalid_json'],
    ['of opening brackets only', '['.repeat(60_000), 'invalid_json'],
    ['with __proto__', '{"model":"m","messages":[{"__proto__":{"admin":true}}]}', 'invalid_json'],
    ['with an escaped __proto__', '{"\\u005f_proto__":{"admin":true}}', 'invalid_json'],
    ['with constructor.prototype', '{"constructor":{"prototype":{"admin":true}}}', 'invalid_json'],
  ])('a body %s is 400', async (_name, body, code) => {
    const answer = await raw(post(JSON_TYPE + length(body), body));
    expect(answer.status).toBe(400);
    expect(answer.error.code).toBe(code);
  });

  it('a body that is not UTF-8 is 400', async () => {
    const body = Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d]);
    const answer = await raw(
      Buffer.concat([Buffer.from(post(`${JSON_TYPE}content-length: ${body.length}\r\n`)), body]),
    );
    expect(answer.error.code).toBe('invalid_json');
  });

  it('a body over the limit is 413, whether it says its length or not', async () => {
    const body = `{"a":"${'x'.repeat(70_000)}"}`;
    expect((await raw(post(`${JSON_TYPE}content-length: 70000000\r\n`))).status).toBe(413);
    const chunk = `${Buffer.byteLength(body).toString(16)}\r\n${body}\r\n0\r\n\r\n`;
    const answer = await raw(post(`${JSON_TYPE}transfer-encoding: chunked\r\n`, chunk));
    expect(answer.status).toBe(413);
    expect(answer.error.code).toBe('request_too_large');
  });

  it.each<[string, string]>([
    ['without a Content-Type', ''],
    ['with text/plain', 'content-type: text/plain\r\n'],
    ['with a form', 'content-type: application/x-www-form-urlencoded\r\n'],
    ['with multipart', 'content-type: multipart/form-data; boundary=x\r\n'],
    ['with a Content-Type that is none', 'content-type: ;;;\r\n'],
    ['with two in one', 'content-type: application/json, text/plain\r\n'],
    ['with two of them', `${JSON_TYPE}content-type: text/plain\r\n`],
    ['with the same twice', `${JSON_TYPE}Content-Type: application/json\r\n`],
    ['in UTF-16', 'content-type: application/json; charset=utf-16\r\n'],
    ['in gzip', `${JSON_TYPE}content-encoding: gzip\r\n`],
  ])('a body %s is 415', async (_name, headers) => {
    const answer = await raw(post(headers + length('{}'), '{}'));
    expect(answer.status).toBe(415);
    expect(answer.error.code).toBe('unsupported_media_type');
  });

  it('JSON in UTF-8, however it is said, is read', async () => {
    for (const type of ['application/json', 'Application/JSON; charset=UTF-8', 'application/json;charset="utf-8"']) {
      const answer = await gateway.send('/api/keys', {
        as: ADMIN_KEY,
        headers: { 'content-type': type },
        body: { name: '키' },
      });
      expect(answer.status).toBe(201);
    }
  });

  it.each<[string, string, number]>([
    ['GET', '/v1/nothing', 404],
    ['GET', '/v1/../etc/passwd', 404],
    ['GET', '/v1/%2e%2e/%2e%2e/etc/passwd', 404],
    ['GET', '/api/users/../../health', 404],
    ['GET', '/%zz', 404],
    ['GET', `/api/users/${'x'.repeat(5_000)}`, 404],
    ['DELETE', '/v1/chat/completions', 405],
    ['GET', '/v1/chat/completions', 405],
    ['PUT', '/api/me', 405],
    ['POST', '/health/live', 405],
  ])('%s %s is %i', async (method, path, status) => {
    const answer = await raw(`${method} ${path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n${AUTH}\r\n`);
    expect(answer.status).toBe(status);
    expect(answer.error.code).toBe(status === 405 ? 'method_not_allowed' : 'not_found');
    expect(answer.head).toMatch(/x-request-id: req_/);
    if (status === 405) expect(answer.head).toMatch(/^allow: [A-Z, ]+\r?$/m);
  });

  it('an expectation that nobody knows is ignored, and HTTP/1.0 needs no Host', async () => {
    const unknown = 'GET /nothing HTTP/1.1\r\nhost: x\r\nexpect: a miracle\r\nconnection: close\r\n\r\n';
    expect((await raw(unknown)).error.code).toBe('not_found');
    expect((await raw('GET /nothing HTTP/1.0\r\n\r\n')).error.code).toBe('not_found');
  });

  it('an answer that takes longer than a request may is not cut', async () => {
    const answer = await fetch(`${gateway.url}/long-answer`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{}',
    });
    expect(await answer.text()).toBe(LONG_ANSWER.join(''));
  });

  it('without a list of origins a browser of another site is given nothing', async () => {
    const answer = await gateway.send('/health/live', { headers: { origin: 'https://chat.example.org' } });
    expect(answer.headers.get('access-control-allow-origin')).toBeNull();
  });

  it('every answer has the security headers and an id of the gateway, whatever the client sends', async () => {
    for (const path of ['/health/live', '/nothing', '/v1/models']) {
      const { headers } = await gateway.send(path, { headers: { 'x-request-id': 'mine' } });
      expect(headers.get('x-request-id')).toMatch(/^req_[0-9a-f]{32}$/);
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('referrer-policy')).toBe('no-referrer');
      expect(headers.get('content-security-policy')).toBe("default-src 'none'; frame-ancestors 'none'");
    }
  });

  it('refusals are counted by code', async () => {
    await gateway.send('/v1/models');
    const metrics = await (await fetch(`${gateway.url}/metrics`)).text();
    expect(metrics).toMatch(/^tandem_gateway_refused_total\{code="invalid_api_key"\} [1-9]/m);
    expect(metrics).toMatch(/^tandem_gateway_refused_total\{code="headers_too_large"\} [1-9]/m);
  });
});
