import OpenAI, { RateLimitError } from 'openai';
import { eventually } from '#testing/eventually';
import { startSystem, type TestSystem } from '#testing/system';
import { allBegun, ENDLESS, engineRuns, startChat, startChats } from '../faults/load';
import { Accounts } from './accounts';
import { ask, fetchInThisRealm, statuses } from './chats';

describe('limits of a key', () => {
  let system: TestSystem;
  let accounts: Accounts;
  /** Of the prompt that `ask` sends, as the engine counts it. */
  let promptTokens: number;

  beforeAll(async () => {
    system = await startSystem({ env: { VLLM_SIM_TOKENS_PER_SECOND: '500' } });
    accounts = await Accounts.of(system);
    promptTokens = (await ask(system.url, system.apiKey, { maxTokens: 1 })).usage?.prompt_tokens ?? 0;
  });
  afterAll(() => system.stop());

  it('tokens a minute hold to the token, also for requests that come at once', async () => {
    const key = await accounts.newKey({ tokensPerMinute: 3 * (promptTokens + 100) });
    const answers = await Promise.all(Array.from({ length: 10 }, () => ask(system.url, key, { maxTokens: 100 })));
    expect(statuses(answers)).toEqual([200, 200, 200, 429, 429, 429, 429, 429, 429, 429]);
    const refused = answers.find(({ status }) => status === 429);
    expect(refused?.error).toMatchObject({ code: 'rate_limit_exceeded', type: 'tokens' });
    expect(Number(refused?.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
    expect(refused?.headers.get('x-ratelimit-limit-tokens')).toBe(String(3 * (promptTokens + 100)));
    expect(refused?.headers.get('x-ratelimit-reset-tokens')).toMatch(/^(1m0s|\d+(\.\d+)?s|\d+ms)$/);
  });

  it('what was reserved and not used is given back at the end', async () => {
    const limit = promptTokens + 1_000;
    const key = await accounts.newKey({ tokensPerMinute: limit });
    const first = await ask(system.url, key, { maxTokens: 1_000, ignoreEos: false });
    const used = first.usage?.total_tokens ?? 0;
    expect(first.headers.get('x-ratelimit-remaining-tokens')).toBe('0');
    await eventually(async () => {
      const next = await ask(system.url, key, { maxTokens: 1 });
      if (next.status !== 200) throw new Error(String(next.error?.message));
      expect(Number(next.headers.get('x-ratelimit-remaining-tokens'))).toBe(limit - used - promptTokens - 1);
      return true;
    });
  });

  it('a stream that its client leaves is settled with what it really used', async () => {
    const limit = 9_000;
    const key = await accounts.newKey({ tokensPerMinute: limit });
    const chat = startChat(system.url, key, { tokens: ENDLESS });
    await chat.begun;
    expect((await ask(system.url, key, { maxTokens: ENDLESS })).status).toBe(429);
    chat.leave();
    await eventually(async () => (await ask(system.url, key, { maxTokens: 4_000 })).status === 200, {
      timeoutMs: 60_000,
    });
  });

  it('a request that is larger than the limit is told so; one without a bound of its own is not kept out', async () => {
    const key = await accounts.newKey({ tokensPerMinute: 500 });
    expect((await ask(system.url, key, { maxTokens: 600 })).error?.message).toMatch(/^Request too large/);
    expect((await ask(system.url, key, { ignoreEos: false })).status).toBe(200);
  });

  it('requests at once are as many as allowed, and the openai package tries again when it is told to', async () => {
    const key = await accounts.newKey({ concurrentRequests: 2 });
    const chats = startChats(2, system.url, key, { tokens: ENDLESS });
    await allBegun(chats);
    const client = (maxRetries: number): OpenAI =>
      new OpenAI({ apiKey: key, baseURL: `${system.url}/v1`, maxRetries, fetch: fetchInThisRealm });
    const question = { model: 'default', max_tokens: 2, messages: [{ role: 'user' as const, content: 'hi' }] };
    const refused: unknown = await client(0)
      .chat.completions.create(question)
      .catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(RateLimitError);
    expect(refused).toMatchObject({ code: 'rate_limit_exceeded', type: 'requests' });
    expect((refused as RateLimitError).headers.get('retry-after')).toBe('1');
    const patient = client(5).chat.completions.create(question);
    chats[0]?.leave();
    expect((await patient).choices).toHaveLength(1);
    chats[1]?.leave();
    await engineRuns(system, 0);
  });

  it('a monthly budget ends with insufficient_quota, also after a restart of the gateway', async () => {
    const key = await accounts.newKey({ monthlyTokens: 2 * promptTokens + 250 });
    expect((await ask(system.url, key, { maxTokens: 200 })).status).toBe(200);
    const over = await ask(system.url, key, { maxTokens: 200 });
    expect(over).toMatchObject({ status: 429, error: { code: 'insufficient_quota', type: 'insufficient_quota' } });
    expect(over.headers.get('x-should-retry')).toBe('false');
    expect(over.headers.get('retry-after')).toBeNull();
    await system.restart('api-gateway');
    expect((await ask(system.url, key, { maxTokens: 200 })).error?.code).toBe('insufficient_quota');
    expect((await ask(system.url, key, { maxTokens: 50 })).status).toBe(200);
    expect((await ask(system.url, key, { maxTokens: 1 })).error?.code).toBe('insufficient_quota');
  });

  it('count for native chats as well, with the prompt that they make of a conversation', async () => {
    const key = await accounts.newKey({ tokensPerMinute: 120 });
    const chat = (): Promise<Response> =>
      fetch(`${system.url}/api/chat`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` },
        body: JSON.stringify({ messages: [{ role: 'user', content: 'hello' }], max_tokens: 60 }),
      });
    const [first, second] = await Promise.all([chat(), chat()]);
    const texts = await Promise.all([first.text(), second.text()]);
    expect(texts.filter((text) => text.includes('rate_limit_exceeded'))).toHaveLength(1);
    expect(texts.filter((text) => text.includes('data: [DONE]'))).toHaveLength(1);
  });

  it('keys without token limits are not counted by the engine', async () => {
    await ask(system.url, await accounts.newKey({ concurrentRequests: 5 }), { maxTokens: 1 });
    const { headers } = await ask(system.url, system.apiKey, { maxTokens: 1 });
    expect(headers.has('x-ratelimit-limit-tokens')).toBe(false);
  });
});
