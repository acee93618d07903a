import { readUsageBatch } from './usage-batch.schema';

const started = {
  kind: 'started',
  owner: 'chat-1',
  requestId: 'r1',
  createdAt: 1_700_000_000_000,
  userId: 'u1',
  userEmail: 'a@example.com',
  keyId: null,
  endpoint: '/v1/chat/completions',
  model: 'm',
  profile: null,
  ctxLen: null,
  stream: false,
  choices: 1,
  engineLife: null,
};
const bytes = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value));

describe('a message of usage events', () => {
  it('is read as it was written', () => {
    expect(readUsageBatch(bytes({ events: [started] }))).toEqual({ events: [started], fault: null });
  });

  it.each([
    ['no JSON', Buffer.from('{"events":[')],
    ['no UTF-8', Buffer.from([0x22, 0xff, 0x22])],
    ['no batch', bytes({ event: started })],
    ['null', bytes(null)],
  ])('is faulty when it is %s', (_, data) => {
    const { events, fault } = readUsageBatch(data);
    expect(events).toEqual([]);
    expect(fault).not.toBeNull();
  });

  it('gives its good events although another one is bad, and names the bad one', () => {
    const { events, fault } = readUsageBatch(bytes({ events: [{ ...started, userId: 5 }, started] }));
    expect(events).toEqual([started]);
    expect(fault).toMatch(/^events\[0\]: userId: /);
  });

  it('holds nothing that Postgres cannot hold', () => {
    const { events } = readUsageBatch(bytes({ events: [{ ...started, model: 'a\u0000b\ud800c' }] }));
    expect(events[0]?.model).toBe('a\uFFFDb\uFFFDc');
    const tooLate = readUsageBatch(bytes({ events: [{ ...started, createdAt: 1e300 }] }));
    expect(tooLate.fault).toMatch(/createdAt/);
  });

  it('rounds durations to milliseconds', () => {
    const finished = {
      ...started,
      kind: 'finished',
      inputTokens: 1,
      cachedTokens: 0,
      outputTokens: 2,
      reasoningTokens: 0,
      countMethod: 'exact',
      queueMs: 0.4,
      ttftMs: 12.6,
      latencyMs: 345.5,
      statusCode: 200,
      outcome: 'completed',
      errorCode: null,
    };
    expect(readUsageBatch(bytes({ events: [finished] })).events[0]).toMatchObject({
      queueMs: 0,
      ttftMs: 13,
      latencyMs: 346,
    });
  });
});
