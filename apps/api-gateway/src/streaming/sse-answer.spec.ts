import Fastify, { type FastifyInstance } from 'fastify';
import { SseAnswer, type QueueTelling } from './sse-answer';

const NEWS = { position: 1, expectedSeconds: null, reason: 'busy' } as const;
const BACKEND = 'x-tandem-backend';

describe('a stream whose request waits in the queue', () => {
  let server: FastifyInstance | undefined;
  afterEach(() => server?.close());

  /** What a client gets, whose turn comes after so many milliseconds. */
  async function heard(queueTelling: QueueTelling, waitMs: number): Promise<Response> {
    server = Fastify();
    server.get('/', (_, reply) => {
      const answer = new SseAnswer(reply, { maxBufferedBytes: 1_000, queueTelling, onSlowReader: () => undefined });
      const from = performance.now();
      answer.onQueue(NEWS);
      answer.onTick(from + waitMs);
      answer.onHeaders({ [BACKEND]: 'vllm' });
      answer.onBytes(Buffer.from('data: [DONE]\n\n'));
      answer.flush();
      answer.onEnd();
    });
    return fetch(await server.listen({ port: 0, host: '127.0.0.1' }));
  }

  it.each(['named', 'comments'] as const)('has all headers where it waits less than a second (%s)', async (telling) => {
    const response = await heard(telling, 500);
    expect(response.headers.get(BACKEND)).toBe('vllm');
    expect(await response.text()).toBe('data: [DONE]\n\n');
  });

  it.each([
    ['named', `event: queue\ndata: ${JSON.stringify(NEWS)}\n\n`],
    ['comments', `: queue ${JSON.stringify(NEWS)}\n\n`],
  ] as const)('is told its place from then on, and its headers are out (%s)', async (telling, news) => {
    const response = await heard(telling, 2_000);
    expect(response.headers.get(BACKEND)).toBeNull();
    expect(await response.text()).toBe(`${news}data: [DONE]\n\n`);
  });

  it('is told its place at once where the page shows it', async () => {
    const response = await heard('named at once', 0);
    expect(await response.text()).toBe(`event: queue\ndata: ${JSON.stringify(NEWS)}\n\ndata: [DONE]\n\n`);
  });
});
