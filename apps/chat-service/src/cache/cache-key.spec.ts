import type { GenerateRequest } from '#contracts/generate';
import { cacheKey, mayRepeat } from './cache-key';

const head = { endpoint: '/v1/chat/completions', streaming: false, continuousUsage: false } as GenerateRequest;
const engine = { id: 'e', life: 'life-1', profile: 'p', state: { kind: 'ready', url: '', since: 1 } };
const model = { engine, servedName: 'm' } as Parameters<typeof cacheKey>[3];
const scope = { userId: 'u', epoch: '' };
const keyOf = (json: string, given: Partial<GenerateRequest> = {}, who = scope, what = model): string =>
  cacheKey({ ...head, ...given }, Buffer.from(json), '/v1/chat/completions', what, who);

const ASKED = '{"messages":[{"role":"user","content":"Hi"}],"temperature":0,"seed":7}';

describe('the key of an answer', () => {
  it.each([
    ['another order of fields', '{"seed":7,"temperature":0,"messages":[{"content":"Hi","role":"user"}]}'],
    [
      'other forms of the same numbers',
      '{"messages":[{"role":"user","content":"Hi"}],"temperature":-0.0e3,"seed":70e-1}',
    ],
    ['white space and escapes', ' {"messages":[{"role":"\\u0075ser","content":"H\\u0069"}], "temperature":0,"seed":7}'],
  ])('is the same for %s', (_, json) => {
    expect(keyOf(json)).toBe(keyOf(ASKED));
  });

  it.each([
    ['another text', ASKED.replace('Hi', 'Ho')],
    ['another number', ASKED.replace('"seed":7', '"seed":8')],
    ['a text that looks like the number', ASKED.replace('"seed":7', '"seed":"7"')],
    ['one field more', ASKED.replace('"seed":7', '"seed":7,"top_p":1')],
    ['texts that are divided otherwise', '{"messages":[{"role":"user","content":"H"},{"role":"user","content":"i"}]}'],
    ['another role', ASKED.replace('user', 'system')],
    ['a field of the prototype', ASKED.replace('"seed":7', '"seed":7,"__proto__":{"x":1}')],
  ])('is another one for %s', (_, json) => {
    expect(keyOf(json)).not.toBe(keyOf(ASKED));
  });

  it.each(['7', '7.0', '7e0', '70e-1', '0.7E+1', '7.000'])('is the same for the number %s', (seed) => {
    expect(keyOf(ASKED.replace('7', seed))).toBe(keyOf(ASKED));
  });

  it('tells Unicode forms apart, which are two prompts to a model', () => {
    const form = (text: string): string => keyOf(JSON.stringify({ messages: [{ role: 'user', content: text }] }));
    expect(new Set(['é', 'e\u0301', '한', '한'.normalize('NFD'), 'ｅ'].map(form)).size).toBe(5);
  });

  it('tells the order of tools and schemas apart, which stands in the prompt', () => {
    const tools = (properties: string): string => keyOf(`{"tools":[{"function":{"parameters":{${properties}}}}]}`);
    expect(tools('"a":1,"b":2')).not.toBe(tools('"b":2,"a":1'));
  });

  it('is another one for another user, model, engine, way and state of the guardrails', () => {
    const keys = [
      keyOf(ASKED),
      keyOf(ASKED, {}, { ...scope, userId: 'v' }),
      keyOf(ASKED, {}, { userId: null as unknown as string, epoch: '' }),
      keyOf(ASKED, {}, { ...scope, epoch: 'later' }),
      keyOf(ASKED, { streaming: true }),
      keyOf(ASKED, { continuousUsage: true }),
      keyOf(ASKED, {}, scope, { ...model, servedName: 'n' }),
      keyOf(ASKED, {}, scope, { ...model, engine: { ...model.engine, life: 'life-2' } }),
      // A user whose id ends as another one's part begins.
      keyOf(ASKED, {}, { userId: '', epoch: 'u' }),
    ];
    expect(new Set(keys).size).toBe(keys.length);
  });
});

describe('an answer may be given again', () => {
  const may = (json: string, given: Partial<GenerateRequest> = {}): boolean =>
    mayRepeat({ ...head, ...given }, Buffer.from(json));

  it.each([
    ['{"temperature":0}', {}],
    ['{"temperature":0.7,"seed":1}', {}],
    ['{}', { cache: 'use' }],
  ] as const)('for %s', (json, given) => {
    expect(may(json, given)).toBe(true);
  });

  it.each([
    ['{}', {}],
    ['{"temperature":0.7}', {}],
    ['{"messages":[{"content":"\\"seed\\":1"}]}', {}],
    ['{"temperature":0}', { cache: 'bypass' }],
    ['{"temperature":0}', { endpoint: 'system/benchmark' }],
  ] as const)('but not for %s', (json, given) => {
    expect(may(json, given)).toBe(false);
  });
});
