import { gzipSync } from 'node:zlib';
import { eventually } from '#testing/eventually';
import { startSystem, type TestSystem } from '#testing/system';
import { exchange, type RawAnswer } from './raw-http';

const MIB = 1024 * 1024;

describe('malformed input to the running gateway', () => {
  let system: TestSystem;
  beforeAll(async () => {
    system = await startSystem({
      env: { HEADERS_TIMEOUT_MS: '1000', REQUEST_TIMEOUT_MS: '4000', VLLM_SIM_TOKENS_PER_SECOND: '500' },
    });
  });
  afterAll(() => system.stop());

  /** Every refusal is this: the status, the standard body, a request id, and never our fault. */
  function expectRefused(answer: RawAnswer, status: number | readonly number[], code?: string): void {
    expect([status].flat()).toContain(answer.status);
    expect(JSON.parse(answer.body)).toEqual({
      error: {
        message: expect.stringMatching(/^[^]{3,2000}$/) as unknown,
        type: 'invalid_request_error',
        param: (JSON.parse(answer.body) as { error: { param: unknown } }).error.param,
        code: code ?? (expect.any(String) as unknown),
      },
    });
    const { param } = (JSON.parse(answer.body) as { error: { param: unknown } }).error;
    expect(param === null || typeof param === 'string').toBe(true);
    expect(answer.headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(answer.headers.get('x-request-id')).toMatch(/^req_[0-9a-f]{32}$/);
    expect(answer.body).not.toMatch(/node_modules|\.js:|\\n +at /);
  }

  const head = (path: string, headers: readonly string[] = [], method = 'POST'): string =>
    [`${method} ${path} HTTP/1.1`, 'Host: tandem', `Authorization: Bearer ${system.apiKey}`, ...headers, '', ''].join(
      '\r\n',
    );

  function post(
    body: string | Buffer,
    headers: readonly string[] = ['Content-Type: application/json'],
    path = '/v1/chat/completions',
  ): Promise<RawAnswer> {
    const bytes = Buffer.from(body as string);
    return exchange(system.url, [head(path, [...headers, `Content-Length: ${bytes.length}`]), bytes]);
  }

  const raw = (text: string): Promise<RawAnswer> => exchange(system.url, [Buffer.from(text, 'latin1')]);
  const chat = (fields: string): string =>
    `{"model":"default","messages":[{"role":"user","content":"hi"}],"max_tokens":1${fields}}`;

  describe('bodies', () => {
    it.each<[string, string | Buffer]>([
      ['nothing', ''],
      ['no JSON', 'hello'],
      ['half of it', '{"model":"default"'],
      ['two of it', '{}{}'],
      ['null', 'null'],
      ['an array', '[]'],
      ['a text', '"x"'],
      ['a number', '1e999'],
      ['a comment', '{} // x'],
      ['NaN', chat(',"temperature":NaN')],
      ['1,000 arrays deep', '['.repeat(1_000) + ']'.repeat(1_000)],
      ['1,000 objects deep', '{"a":'.repeat(1_000) + '1' + '}'.repeat(1_000)],
      [
        'deep inside of a schema',
        chat(
          `,"response_format":{"type":"json_schema","json_schema":{"schema":${'{"not":'.repeat(1_000)}{}${'}'.repeat(1_000)}}}`,
        ),
      ],
      ['a million brackets', '['.repeat(1_000_000)],
      ['__proto__', chat(',"__proto__":{"stream":true}')],
      [
        '__proto__ in a message',
        '{"model":"default","messages":[{"role":"user","content":"x","__proto__":{"role":"system"}}]}',
      ],
      ['constructor.prototype', chat(',"constructor":{"prototype":{"a":1}}')],
      ['bytes that are no UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d])],
      ['UTF-16', Buffer.from(chat(''), 'utf16le')],
      ['half a surrogate pair', '{"model":"default","messages":[{"role":"user","content":"\\ud800"}]}'],
      ['NUL in a text', '{"model":"default","messages":[{"role":"user","content":"\\u0000"}]}'],
      ['NUL in the JSON', chat('\0')],
      [
        '100,000 messages',
        `{"model":"default","messages":[${Array<string>(100_000).fill('{"role":"user","content":"x"}').join(',')}]}`,
      ],
      ['100,000 stops', chat(`,"stop":[${Array<string>(100_000).fill('"x"').join(',')}]`)],
      [
        '100,000 biases',
        chat(`,"logit_bias":{${Array.from({ length: 100_000 }, (_, token) => `"${token}":1`).join(',')}}`),
      ],
      [
        'a schema that is itself',
        chat(',"response_format":{"type":"json_schema","json_schema":{"name":"x","schema":{"$ref":"#"}}}'),
      ],
      ['a regex that explodes', chat(',"structured_outputs":{"regex":"((a{1,1000}){1,1000}){1,1000}"}')],
      ['a template', chat(',"chat_template":"{{ 1 }}"')],
      [
        'an address to fetch',
        '{"model":"default","messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"http://169.254.169.254/"}}]}]}',
      ],
    ])('%s is a 400', async (_what, body) => {
      expectRefused(await post(body), 400);
    });

    it.each(['n', 'best_of', 'max_tokens', 'temperature', 'top_logprobs', 'top_p', 'seed'])(
      'odd numbers for %s are a 400 or harmless, never a 5xx',
      async (field) => {
        for (const value of [
          '0',
          '-1',
          '2147483648',
          '1e308',
          '1e400',
          '-0',
          '"1"',
          'null',
          'true',
          '[]',
          '{}',
          '0.1e-400',
          '99999999999999999999',
        ]) {
          const answer = await post(
            `{"model":"default","messages":[{"role":"user","content":"hi"}],"stop":["the"],"${field}":${value}}`,
          );
          if (answer.status === 200) expect(JSON.parse(answer.body)).toHaveProperty('choices');
          else expectRefused(answer, 400);
        }
      },
    );

    it.each(['/v1/completions', '/api/auth/login', '/api/keys', '/api/users', '/api/auth/refresh', '/api/auth/logout'])(
      '%s refuses them as well',
      async (path) => {
        for (const body of [
          'x',
          '[]',
          '{"__proto__":1}',
          '['.repeat(1_000),
          '{"email":{"$gt":""},"password":[]}',
          '{"name":"\\u0000\\ud800"}',
          '{"prompt":{}}',
        ]) {
          const answer = await post(body, undefined, path);
          expect(answer.status).toBeLessThan(500);
          if (answer.status >= 400) expect(JSON.parse(answer.body)).toHaveProperty('error.code');
        }
      },
    );

    it('5 MiB are a 413, with a length and in chunks, also for a client that sends before it reads', async () => {
      const body = `{"a":"${'x'.repeat(5 * MIB)}"}`;
      expectRefused(await post(body), 413, 'request_too_large');
      const chunk = `10000\r\n${'x'.repeat(0x10000)}\r\n`;
      const chunked = [
        head('/v1/chat/completions', ['Content-Type: application/json', 'Transfer-Encoding: chunked']),
        ...Array<string>(80).fill(chunk),
        '0\r\n\r\n',
      ];
      expectRefused(await exchange(system.url, chunked), 413, 'request_too_large');
      for (let i = 0; i < 10; i++) {
        const answer = await fetch(`${system.url}/v1/chat/completions`, {
          method: 'POST',
          headers: { 'content-type': 'application/json', authorization: `Bearer ${system.apiKey}` },
          body,
        });
        expect(answer.status).toBe(413);
        expect(await answer.json()).toMatchObject({ error: { code: 'request_too_large' } });
      }
    });

    it('a gzip bomb is not unpacked', async () => {
      const bomb = gzipSync(Buffer.alloc(50 * MIB, '['));
      for (const encoding of ['gzip', 'deflate', 'br', 'zstd', 'gzip, gzip', 'x'])
        expectRefused(
          await post(bomb, ['Content-Type: application/json', `Content-Encoding: ${encoding}`]),
          415,
          'unsupported_media_type',
        );
      expectRefused(await post(bomb), 400);
    });
  });

  describe('kinds of content', () => {
    it.each<[string, readonly string[]]>([
      ['none', []],
      ['another', ['Content-Type: text/plain']],
      ['a form', ['Content-Type: application/x-www-form-urlencoded']],
      ['a multipart form', ['Content-Type: multipart/form-data; boundary=x']],
      ['nonsense', ['Content-Type: ;;;=']],
      ['an empty one', ['Content-Type: ']],
      ['two', ['Content-Type: application/json', 'Content-Type: text/plain']],
      ['two, the other way', ['Content-Type: text/plain', 'Content-Type: application/json']],
      ['two in one', ['Content-Type: application/json, text/plain']],
      ['another charset', ['Content-Type: application/json; charset=utf-16']],
    ])('%s is a 415', async (_what, headers) => {
      expectRefused(await post(chat(''), headers), 415, 'unsupported_media_type');
    });

    it.each(['application/json', 'application/json; charset=utf-8', 'Application/JSON;charset="UTF-8"'])(
      '%s is fine',
      async (type) => {
        expect((await post(chat(''), [`Content-Type: ${type}`])).status).toBe(200);
      },
    );
  });

  describe('paths and methods', () => {
    it.each([
      '/v1',
      '/v2/models',
      '/v1/embeddings',
      '/v1/chat/completions/',
      '//v1/models',
      '/v1/../v1/models',
      '/v1/chat/../../etc/passwd',
      '/%2e%2e/%2e%2e/etc/passwd',
      '/..%c0%af..%c0%af',
      '/%',
      '/%zz',
      '/v1/models/%',
      '/v1/models/%00',
      '/v1/models/..%2f..%2f',
      '/v1/models/..\\..\\x',
      '/api/docs/..%2f..%2fpackage.json',
      '/api/docs/%2e%2e/main.js',
      '/api/users/..%2f..',
      '/health',
      '/v1/models;x=1',
      `/v1/models/${'a'.repeat(8_000)}`,
      `/${'a/'.repeat(3_000)}`,
      '/tokenize',
      '/load',
      '/server_info',
      '/shutdown',
    ])('GET %s is a 404', async (path) => {
      expectRefused(await exchange(system.url, [head(path, [], 'GET')]), 404);
    });

    it.each(
      ['not-a-uuid', '%00', "'; DROP TABLE users; --", '../..', '9'.repeat(400), '-1', '%F0%9F%98%80'].map(encodeURI),
    )('ids such as %s are a 404', async (id) => {
      for (const [method, path] of [
        ['DELETE', `/api/keys/${id}`],
        ['GET', `/api/users/${id}`],
        ['DELETE', `/api/requests/${id}`],
      ] as const) {
        const answer = await exchange(system.url, [head(path, [], method)]);
        expectRefused(answer, [404, 405, 403]);
      }
    });

    it.each<[string, string]>([
      ['GET', '/v1/chat/completions'],
      ['PUT', '/v1/chat/completions'],
      ['DELETE', '/v1/models'],
      ['PATCH', '/v1/models'],
      ['POST', '/v1/models'],
      ['TRACE', '/v1/models'],
      ['OPTIONS', '/v1/models'],
      ['PROPFIND', '/v1/models'],
      ['GET', '/api/auth/login'],
      ['GET', '/api/requests/x'],
    ])('%s %s is a 405 that names what is allowed', async (method, path) => {
      const answer = await exchange(system.url, [head(path, [], method)]);
      expectRefused(answer, 405, 'method_not_allowed');
      expect(answer.headers.get('allow')).toMatch(/^[A-Z]+(, [A-Z]+)*$/);
    });

    it('CONNECT is a 405', async () => {
      expectRefused(await raw('CONNECT 127.0.0.1:22 HTTP/1.1\r\nHost: x\r\n\r\n'), 405, 'method_not_allowed');
    });
  });

  describe('HTTP itself', () => {
    it.each<[string, string]>([
      ['a method that is none', 'HELLO / HTTP/1.1\r\nHost: x\r\n\r\n'],
      ['another version', 'GET / HTTP/9.9\r\nHost: x\r\n\r\n'],
      ['HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
      ['TLS', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'],
      ['binary garbage', '\x00\x01\x02\x03\r\n\r\n'],
      [
        'both lengths',
        'POST /v1/models HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      ],
      ['two lengths', 'POST /v1/models HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello'],
      ['a negative length', 'POST /v1/models HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n'],
      ['a length that is none', 'POST /v1/models HTTP/1.1\r\nHost: x\r\nContent-Length: 5x\r\n\r\n'],
      ['a header without a colon', 'GET /v1/models HTTP/1.1\r\nHost: x\r\nhello\r\n\r\n'],
      ['a header over two lines', 'GET /v1/models HTTP/1.1\r\nHost: x\r\nA: b\r\n c\r\nd\r\n\r\n'],
      ['NUL in a header', 'GET /v1/models HTTP/1.1\r\nHost: x\r\nA: b\0c\r\n\r\n'],
      ['NUL in the path', 'GET /v1/mo\0dels HTTP/1.1\r\nHost: x\r\n\r\n'],
      ['bare line feeds in a header', 'GET /v1/models HTTP/1.1\r\nHost: x\r\nA: b\rc\r\n\r\n'],
      ['no host', 'GET /v1/models HTTP/1.1\r\n\r\n'],
    ])('%s is a 400', async (_what, text) => {
      expectRefused(await raw(text), 400, 'invalid_value');
    });

    it.each<[string, string, string]>([
      ['a chunk size that is none', 'chunked', 'zz\r\n'],
      ['a chunk longer than it says', 'chunked', '1\r\n{}\r\n0\r\n\r\n'],
      ['an encoding that nobody knows', 'gzip, identity', '{}'],
    ])('%s is a 400', async (_what, encoding, body) => {
      const headers = ['Content-Type: application/json', `Transfer-Encoding: ${encoding}`];
      expectRefused(await exchange(system.url, [head('/v1/chat/completions', headers), body]), 400);
    });

    it('64 KiB of headers are a 431, in one and in many', async () => {
      expectRefused(
        await exchange(system.url, [head('/v1/models', [`X: ${'y'.repeat(64 * 1024)}`], 'GET')]),
        431,
        'headers_too_large',
      );
      const many = Array.from({ length: 4_000 }, (_, i) => `X-${i}: yyyyyyyy`);
      expectRefused(await exchange(system.url, [head('/v1/models', many, 'GET')]), 431, 'headers_too_large');
      expectRefused(
        await exchange(system.url, [head(`/v1/models/${'a'.repeat(64 * 1024)}`, [], 'GET')]),
        431,
        'headers_too_large',
      );
    });

    it('an expectation that nobody knows does no harm', async () => {
      expect((await exchange(system.url, [head('/v1/models', ['Expect: tea'], 'GET')])).status).toBe(200);
    });

    it('an upgrade that nobody offers does no harm', async () => {
      expect(
        (await exchange(system.url, [head('/v1/models', ['Connection: upgrade', 'Upgrade: websocket'], 'GET')])).status,
      ).toBe(200);
    });
  });

  describe('slowness', () => {
    async function* dribble(first: string, piece: string): AsyncGenerator<string> {
      yield first;
      for (;;) {
        await new Promise((resolve) => setTimeout(resolve, 100));
        yield piece;
      }
    }

    it.each<[string, () => AsyncIterable<string>]>([
      ['headers that come one by one', () => dribble('GET /v1/models HTTP/1.1\r\nHost: x\r\n', 'X: y\r\n')],
      [
        'a body that comes byte by byte',
        () => dribble(head('/v1/chat/completions', ['Content-Type: application/json', 'Content-Length: 100000']), ' '),
      ],
      [
        'a chunked body that never ends',
        () =>
          dribble(
            head('/v1/chat/completions', ['Content-Type: application/json', 'Transfer-Encoding: chunked']),
            '1\r\n \r\n',
          ),
      ],
      [
        'chunk extensions that never end',
        () =>
          dribble(
            head('/v1/chat/completions', ['Content-Type: application/json', 'Transfer-Encoding: chunked']) + '1',
            ';a=b',
          ),
      ],
      [
        'a body that stops',
        () => dribble(head('/v1/chat/completions', ['Content-Type: application/json', 'Content-Length: 10']) + '{', ''),
      ],
    ])('%s are answered 408 in time', async (_what, bytes) => {
      expectRefused(await exchange(system.url, bytes()), 408, 'request_timeout');
    });
  });

  describe('credentials', () => {
    const models = (...headers: string[]): Promise<RawAnswer> =>
      exchange(system.url, [['GET /v1/models HTTP/1.1', 'Host: tandem', ...headers, '', ''].join('\r\n')]);

    it.each<[string, string[]]>([
      ['none', []],
      ['an empty key', ['Authorization: Bearer ']],
      ['another scheme', ['Authorization: Basic YWRtaW46YWRtaW4=']],
      ['no scheme', ['Authorization: sk-tandem-0123456789abcdefghijklmnopqrstuv']],
      ['a prefix of the key', ['Authorization: Bearer sk-tandem-0123456789abcdefghijklmnopqrstu']],
      ['more than the key', ['Authorization: Bearer sk-tandem-0123456789abcdefghijklmnopqrstuvw']],
      ['the key in other letters', ['X-API-Key: SK-TANDEM-0123456789ABCDEFGHIJKLMNOPQRSTUV']],
      ['no text', ['X-API-Key: \u00ff\u00fe']],
      ['a key of 10,000 letters', [`X-API-Key: ${'a'.repeat(10_000)}`]],
      ['SQL', ["X-API-Key: ' OR '1'='1"]],
      ['a JWT without an algorithm', ['Authorization: Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.']],
      [
        'two different keys',
        ['Authorization: Bearer sk-tandem-0123456789abcdefghijklmnopqrstuv', 'X-API-Key: sk-tandem-another'],
      ],
      ['two of one header', ['X-API-Key: sk-tandem-0123456789abcdefghijklmnopqrstuv', 'X-API-Key: sk-tandem-another']],
    ])('%s are a 401 that does not repeat them', async (_what, headers) => {
      const answer = await models(...headers);
      expectRefused(answer, 401);
      expect(answer.headers.get('www-authenticate')).toBe('Bearer realm="tandem"');
      expect(answer.body).not.toContain('0123456789abcdef');
    });

    it('the same key in both headers is fine', async () => {
      expect((await models(`Authorization: Bearer ${system.apiKey}`, `X-API-Key: ${system.apiKey}`)).status).toBe(200);
    });
  });

  it.each([
    [
      '/api/v1/code/generate',
      { modelType: 'autocomplete', prefix: '총합 = 1\n'.repeat(200_000), suffix: 'b\n'.repeat(500_000), maxTokens: 4 },
    ],
    ['/api/v1/hints', { problem: '한글 '.repeat(400_000), code: 'x = 1\n'.repeat(180_000), level: 1, locale: 'ko' }],
  ])('a megabyte of dense text is cut to what the model can hold, not refused (%s)', async (path, body) => {
    const answer = await post(JSON.stringify(body), ['Content-Type: application/json'], path);
    expect(answer.status).toBe(200);
    const { droppedChars, usage } = JSON.parse(answer.body) as { droppedChars: number; usage: { inputTokens: number } };
    expect(droppedChars).toBeGreaterThan(1_000_000);
    expect(usage.inputTokens).toBeGreaterThan(2_000);
  });

  it('nothing of all this has reached the log as a failure, and the gateway serves as before', async () => {
    const failures = system
      .log('api-gateway')
      .split('\n')
      .filter((line) => /"level":"(error|fatal)"/.test(line));
    expect(failures).toEqual([]);
    await eventually(async () => (await post(chat(''))).status === 200);
    await eventually(async () =>
      /^tandem_gateway_streams 0$/m.test(await (await fetch(`${system.url}/metrics`)).text()),
    );
  });
});
