import type { GenerateRequest } from '#contracts/generate';
import { EngineAffinity, prefixKey } from './engine-affinity';

const API = {} as GenerateRequest;
const body = (system: string, question: string): Buffer =>
  Buffer.from(JSON.stringify({ messages: [system, question] }));

describe('what has a prompt that begins alike', () => {
  it('is each turn of a conversation of ours', () => {
    const turn = { chat: { kind: 'stored', conversationId: 'c1' } } as GenerateRequest;
    expect(prefixKey(turn, Buffer.alloc(3))).toBe('c1');
  });

  it('is requests of the API with the same long beginning', () => {
    const long = 'x'.repeat(3_000);
    expect(prefixKey(API, body(long, 'one'))).toBe(prefixKey(API, body(long, 'another')));
    expect(prefixKey(API, body(`y${long}`, 'one'))).not.toBe(prefixKey(API, body(long, 'one')));
  });

  it('is nothing short: its prefill costs nothing', () => {
    expect(prefixKey(API, body('You are helpful', 'hi'))).toBeNull();
  });
});

describe('who read a prefix last', () => {
  it('is remembered, up to a bound, the last used longest', () => {
    const affinity = new EngineAffinity();
    for (let number = 0; number < 4_096; number++) affinity.remember(`k${number}`, 'a');
    affinity.remember('k0', 'b');
    affinity.remember('new', 'a');
    expect(affinity.engineOf('k0')).toBe('b');
    expect(affinity.engineOf('k1')).toBeNull();
    expect(affinity.engineOf(null)).toBeNull();
  });
});
