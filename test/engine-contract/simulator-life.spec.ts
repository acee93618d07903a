import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { eventually } from '#testing/eventually';
import { expectedAnswer } from '#testing/simulated-text';
import { startSimulator, type RunningSimulator, type SimulatorOptions } from '#testing/simulator';
import { events, namedEvents, open, parseResponse, post, postText, rawExchange } from './raw-http';
import { recordedResponse, recording, recordings } from './replay';
import { shape, stableHeaders, expectStreamLike } from './shapes';

const CHAT = '/v1/chat/completions';
const DEAD = 'EngineCore encountered an issue. See stack trace (above) for the root cause.';
const question = 'How does it end?';
const ask = (extra: Record<string, unknown> = {}): Record<string, unknown> => ({
  messages: [{ role: 'user', content: question }],
  ...extra,
});
const endless = ask({ stream: true, ignore_eos: true, max_tokens: 5000 });

const started: RunningSimulator[] = [];
async function simulator(options: SimulatorOptions = {}): Promise<RunningSimulator> {
  const one = await startSimulator(options);
  started.push(one);
  return one;
}
afterEach(async () => {
  await Promise.all(started.splice(0).map((one) => one.stop()));
});

const textOf = (all: readonly unknown[]): string =>
  (all as { choices?: { delta?: { content?: string } }[] }[])
    .map((event) => event.choices?.[0]?.delta?.content ?? '')
    .join('');
const running = async (one: RunningSimulator): Promise<number> =>
  (await one.metrics())['vllm:num_requests_running'] ?? 0;

describe('the simulator', () => {
  it('answers exactly what a test can compute', async () => {
    const one = await simulator();
    const all = events(await post(one.url, CHAT, ask({ stream: true })));
    const { text, pieces } = expectedAnswer(question);
    expect(textOf(all)).toBe(text);
    expect(text).toMatch(/^\[simulated\] /);
    // The role, an event for each token, the end.
    expect(all).toHaveLength(1 + pieces.length + 1);
  });

  it('lets those wait that its batch does not hold, and shows them', async () => {
    const one = await simulator({ env: { VLLM_SIM_MAX_NUM_SEQS: '2' } });
    const sockets = await Promise.all([1, 2, 3].map(() => open(one.url)));
    for (const socket of sockets) socket.resume().write(postText(CHAT, endless));
    await eventually(async () => (await one.metrics())['vllm:num_requests_waiting'] === 1);
    expect(await running(one)).toBe(2);
    sockets[0]?.destroy();
    await eventually(async () => (await one.metrics())['vllm:num_requests_waiting'] === 0);
    expect(await running(one)).toBe(2);
    for (const socket of sockets) socket.destroy();
  });

  it('serves two answers that were asked for on one connection, in order', async () => {
    const one = await simulator();
    const socket = await open(one.url);
    let received = '';
    socket.on('data', (part) => (received += part.toString('utf8')));
    const request = ask({ stream: true, max_tokens: 3 });
    socket.write(
      postText(CHAT, request, { 'X-Request-Id': 'first' }) + postText(CHAT, request, { 'X-Request-Id': 'second' }),
    );
    await eventually(() => received.split('data: [DONE]').length === 3);
    expect(received.lastIndexOf('chatcmpl-first')).toBeLessThan(received.indexOf('chatcmpl-second'));
    socket.destroy();
  });
});

describe('the access log', () => {
  it('has a line for each request, but for the paths that were named', async () => {
    const one = await simulator({ args: ['--disable-access-log-for-endpoints', '/health,/metrics'] });
    await fetch(`${one.url}/metrics`);
    await fetch(`${one.url}/v1/models?a=b`);
    await eventually(() => one.output().includes('"GET /v1/models?a=b HTTP/1.1" 200 OK'));
    expect(one.output()).not.toMatch(/"GET \/(health|metrics) HTTP/);
  });
});

describe('the simulator with other flags answers as recorded', () => {
  it('without a tool parser, with an API key, without a chat template, with request ids', async () => {
    const [plain, keyed, bare] = await Promise.all([
      simulator({ model: 'tiny-chat', args: ['--max-model-len', '2048'] }),
      simulator({
        model: 'tiny-chat',
        args: '--max-model-len 2048 --api-key secret-key --enable-auto-tool-choice --tool-call-parser hermes --enable-request-id-headers'.split(
          ' ',
        ),
      }),
      simulator({ model: 'tiny-notpl', env: { VLLM_SIM_CHAT_TEMPLATE: 'none' } }),
    ]);
    const cases = [
      ...recordings('http', (name) => /^chat-(non)?stream-tools/.test(name)).map((item) => [plain, item] as const),
      ...recordings('errors', (name) => name.startsWith('api-key')).map((item) => [keyed, item] as const),
      ...recordings('errors', (name) => name.startsWith('no-chat-template')).map((item) => [bare, item] as const),
      ...[
        'request-id-headers-nonstream',
        'request-id-headers-stream',
        'tools-autoserver-nonstream-tool-result-turn',
      ].map((name) => [keyed, recording('http', name)] as const),
    ];
    expect(cases.length).toBeGreaterThan(10);
    for (const [server, { name, request, response }] of cases) {
      const actual = await rawExchange(server.url, request);
      expect([name, actual.status, stableHeaders(actual)]).toEqual([name, response.status, stableHeaders(response)]);
      if (response.status >= 400) expect([name, actual.body]).toEqual([name, response.body]);
      else if (response.chunks.length > 0) expectStreamLike(actual, response);
      else expect(shape(JSON.parse(actual.body))).toEqual(shape(JSON.parse(response.body)));
    }
  });

  it('guards /v1 with the key and nothing else', async () => {
    const one = await simulator({ args: ['--api-key', 'k'] });
    const status = async (path: string): Promise<number> => (await fetch(one.url + path)).status;
    expect(await Promise.all(['/health', '/metrics', '/version', '/v1/models', '/v1/nope'].map(status))).toEqual([
      200, 200, 200, 401, 401,
    ]);
    const withKey = await fetch(`${one.url}/v1/models`, { headers: { authorization: 'Bearer k' } });
    expect(withKey.status).toBe(200);
  });
});

describe('SIGTERM', () => {
  it('ends an idle simulator with exit code 0', async () => {
    const one = await simulator();
    expect(await one.stop()).toBe(0);
  });

  it('ends open streams with "abort", as recorded', async () => {
    const one = await simulator();
    const answer = post(one.url, CHAT, endless);
    await eventually(async () => (await running(one)) === 1);
    const code = one.stop();
    const response = await answer;
    expect(response.complete).toBe(true);
    const recorded = recording('http', 'chat-stream').response;
    expectStreamLike(response, recorded);
    expect(response.chunks.at(-2)).toContain('"finish_reason":"abort"');
    expect(await code).toBe(0);
  });

  it('lets open streams end when --shutdown-timeout says so', async () => {
    const one = await simulator({ args: ['--shutdown-timeout', '20'] });
    const answer = post(one.url, CHAT, ask({ stream: true }));
    await eventually(async () => (await running(one)) === 1);
    const code = one.stop();
    expect(textOf(events(await answer))).toBe(expectedAnswer(question).text);
    expect(await code).toBe(0);
  });
});

describe('faults', () => {
  it('crash-after: streams get the error event, /health says 503, and the process ends with exit code 0', async () => {
    const one = await simulator({ env: { VLLM_SIM_FAULT: 'crash-after:20' } });
    const [stream, whole] = await Promise.all([
      post(one.url, CHAT, endless),
      post(one.url, CHAT, ask({ ignore_eos: true, max_tokens: 5000 })),
    ]);
    const recorded = recordedResponse('http', 'enginecore-killed-stream-in-flight');
    expect(stream.chunks.slice(-2)).toEqual(recorded.chunks.slice(-2));
    expect([whole.status, JSON.parse(whole.body)]).toMatchObject([500, { error: { message: DEAD } }]);
    expect((await fetch(`${one.url}/health`)).status).toBe(503);
    expect((await post(one.url, CHAT, ask())).status).toBe(500);
    expect(await one.exited).toBe(0);
    expect(one.output()).toContain('EngineDeadError');
  });

  it('crash-after: messages end with the error of their converter, responses without a word', async () => {
    const one = await simulator({ env: { VLLM_SIM_FAULT: 'crash-after:20' } });
    const request = { model: 'sim', max_tokens: 5000, ...ask() };
    const respond = { input: question, ignore_eos: true };
    const [message, whole, response] = await Promise.all([
      post(one.url, '/v1/messages', { ...request, stream: true }),
      post(one.url, '/v1/messages', request),
      post(one.url, '/v1/responses', { ...respond, stream: true }),
    ]);
    expect(namedEvents(message).at(-1)).toMatchObject({ name: 'error', data: { error: { type: 'internal_error' } } });
    expect([message.complete, response.complete]).toEqual([true, false]);
    const error = { type: 'InternalServerError', message: DEAD };
    expect([whole.status, JSON.parse(whole.body)]).toEqual([500, { type: 'error', error }]);
    expect(await one.exited).toBe(0);
  });

  it('hang-after: requests are taken and never answered, and /health says 200', async () => {
    const one = await simulator({ env: { VLLM_SIM_FAULT: 'hang-after:10' } });
    const socket = await open(one.url);
    const parts: Buffer[] = [];
    socket.on('data', (part) => parts.push(part));
    socket.write(postText(CHAT, endless));
    await eventually(async () => (await one.metrics())['vllm:generation_tokens_total'] === 10);
    const other = await open(one.url);
    other.write(postText(CHAT, ask()));
    await eventually(async () => (await one.metrics())['vllm:num_requests_waiting'] === 1);
    expect((await fetch(`${one.url}/health`)).status).toBe(200);
    expect((await one.metrics())['vllm:generation_tokens_total']).toBe(10);
    expect(parseResponse(Buffer.concat(parts))?.complete).toBe(false);
    socket.destroy();
    other.destroy();
  });

  it('truncate-after: the connection of a stream ends without [DONE]', async () => {
    const one = await simulator({ env: { VLLM_SIM_FAULT: 'truncate-after:7' } });
    const response = await post(one.url, CHAT, endless);
    expect(response.complete).toBe(false);
    expect(events(response)).toHaveLength(1 + 7);
    await eventually(async () => (await running(one)) === 0);
  });

  it.each([
    ['oom-load', 'torch.OutOfMemoryError: CUDA out of memory'],
    ['oom-kv', 'ValueError: No available memory for the cache blocks.'],
    ['nccl', 'NCCL error'],
    ['port-in-use', 'OSError: [Errno 98] Address already in use'],
  ])('%s: the start fails with exit code 1 and its reason', async (fault, reason) => {
    const start = startSimulator({ env: { VLLM_SIM_FAULT: fault } });
    await expect(start).rejects.toThrow(reason);
    await expect(start).rejects.toThrow('exit code 1');
  });

  it('a port that is really in use is one, too', async () => {
    const holder = createServer().listen(0, '127.0.0.1');
    await eventually(() => holder.listening);
    const { port } = holder.address() as AddressInfo;
    await expect(startSimulator({ args: ['--port', String(port)] })).rejects.toThrow('Address already in use');
    holder.close();
  });
});
