import { eventually } from '#testing/eventually';
import { startSystem, type TestSystem } from '#testing/system';
import { Accounts } from '../admission/accounts';
import { rowOf } from '../admission/ledger-row';
import { ask as askOf, fresh, question, type Heard } from './asking';
import { startWordingEngine, type WordingEngine } from '../code-assistant/wording-engine';

describe('the cache of answers', () => {
  let engine: WordingEngine;
  let system: TestSystem;
  beforeAll(async () => {
    engine = await startWordingEngine();
    system = await startSystem({
      engine: { url: engine.url },
      env: { RESPONSE_CACHE: 'memory', ENGINE_MAX_SEQUENCES: '1' },
    });
  });
  afterAll(async () => {
    await system.stop();
    await engine.stop();
  });
  beforeEach(() => engine.say('An answer of several tokens'));

  const ask = (...what: Parameters<typeof askOf> extends [unknown, ...infer Rest] ? Rest : never): Promise<Heard> =>
    askOf(system, ...what);

  it.each([
    ['a stream as a stream', { stream: true }],
    ['a stream with its usage', { stream: true, stream_options: { include_usage: true } }],
    ['a whole answer', {}],
  ])('gives %s again to the byte, without the engine', async (_, parameters) => {
    const body = { ...fresh(), ...parameters };
    const first = await ask(body);
    const engineAsked = engine.requests.length;
    const again = await ask(body);
    expect([first.cache, again.cache, again.body]).toEqual(['miss', 'hit', first.body]);
    expect(engine.requests).toHaveLength(engineAsked);
    expect(await rowOf(system, { requestId: again.requestId })).toMatchObject({
      outcome: 'completed',
      input_tokens: 0,
      output_tokens: 0,
      count_method: 'cached',
    });
  });

  it('knows a request in another order and spelling', async () => {
    const content = JSON.stringify(question());
    const messages = `[{"role":"user","content":${content}}]`;
    expect((await ask(`{"model":"default","temperature":0,"messages":${messages}}`)).cache).toBe('miss');
    const turned = `{"messages":[{"content":${content},"role":"user"}],"temperature":0.0e1,"model":"default"}`;
    expect((await ask(turned)).cache).toBe('hit');
  });

  it('never gives one user the answer of another', async () => {
    const body = fresh();
    await ask(body);
    const other = await (await Accounts.of(system)).newUserKey();
    expect((await ask(body, { authorization: `Bearer ${other}` })).cache).toBe('miss');
  });

  it('takes what an engine would not say again only where the client asks for it', async () => {
    const body = { ...fresh(), temperature: 0.7 };
    expect((await ask(body)).cache).toBe('bypass');
    const use = { 'x-tandem-cache': 'use' };
    expect([(await ask(body, use)).cache, (await ask(body, use)).cache]).toEqual(['miss', 'hit']);
    expect((await ask({ ...body, temperature: 0 }, { 'x-tandem-cache': 'bypass' })).cache).toBe('bypass');
    expect([(await ask({ ...body, seed: 1 })).cache, (await ask({ ...body, seed: 1 })).cache]).toEqual(['miss', 'hit']);
  });

  it('asks the engine once for requests that come at once', async () => {
    const body = fresh();
    const engineAsked = engine.requests.length;
    const heard = await Promise.all(Array.from({ length: 8 }, () => ask(body)));
    expect(heard.map(({ cache }) => cache).sort()).toEqual([...Array<string>(7).fill('hit'), 'miss']);
    expect(new Set(heard.map((one) => one.body)).size).toBe(1);
    expect(engine.requests).toHaveLength(engineAsked + 1);
  });

  it('gives what is kept while all places on the engine are taken', async () => {
    const [body, code] = [fresh(), { modelType: 'prompt', prompt: question(), temperature: 0 }];
    const path = '/api/v1/code/generate';
    const chat = fresh();
    await Promise.all([ask(body), ask(code, {}, path), ask(chat, {}, '/api/chat')]);
    const asks = engine.requests.length;
    const release = engine.hold();
    const running = ask(fresh());
    await eventually(() => engine.requests.length > asks, { timeoutMs: 60_000 });
    expect((await ask(body)).cache).toBe('hit');
    expect((await ask(code, {}, path)).cache).toBe('hit');
    const again = await ask(chat, {}, '/api/chat');
    expect([again.cache, again.body.includes('event: queue')]).toEqual(['hit', false]);
    release();
    expect((await running).cache).toBe('miss');
  });

  it('serves the code assistant and native chat too', async () => {
    const code = { modelType: 'prompt', prompt: question(), temperature: 0 };
    const path = '/api/v1/code/generate';
    const [first, again] = [await ask(code, {}, path), await ask(code, {}, path)];
    const codeOf = ({ body }: Heard): unknown => (JSON.parse(body) as { code: unknown }).code;
    expect([first.cache, again.cache, codeOf(again)]).toEqual(['miss', 'hit', codeOf(first)]);
    const chat = fresh();
    await ask(chat, {}, '/api/chat');
    expect((await ask(chat, {}, '/api/chat')).cache).toBe('hit');
  });

  it('forgets all when the guardrails change, and when an admin says so', async () => {
    const { adminEmail: email, adminPassword: password } = system;
    const login = await ask({ email, password }, {}, '/api/auth/login');
    const { accessToken } = JSON.parse(login.body) as { accessToken: string };
    const admin = { authorization: `Bearer ${accessToken}`, 'content-type': 'application/json' };
    const body = fresh();
    await ask(body);
    const policy = { lists: [], maskPiiInAnswers: true, injection: { flag: false, repeatSystemPrompt: false } };
    const put = { method: 'PUT', headers: admin, body: JSON.stringify(policy) };
    expect((await fetch(`${system.url}/api/guardrails/deployment`, put)).status).toBe(200);
    expect((await ask(body)).cache).toBe('miss');
    expect((await ask(body)).cache).toBe('hit');
    expect(
      (await fetch(`${system.url}/api/cache`, { method: 'DELETE', headers: { authorization: admin.authorization } }))
        .status,
    ).toBe(204);
    expect((await ask(body)).cache).toBe('miss');
  });
});
