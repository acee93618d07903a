import type { RequestEnding, RequestFacts } from '#contracts/usage';
import { startSimulator, type RunningSimulator } from '#testing/simulator';
import { EnginePool } from '../engines/http/engine-pool';
import { TokenAccounts } from './token-accounts';

const BODY = Buffer.from(
  JSON.stringify({ messages: [{ role: 'user', content: 'How long is this?' }], max_tokens: 100 }),
);

const facts = (change: Partial<RequestFacts> = {}): RequestFacts => ({
  requestId: 'r1',
  createdAt: 1_700_000_000_000,
  userId: 'u1',
  userEmail: 'a@example.com',
  keyId: null,
  endpoint: '/v1/chat/completions',
  model: 'sim',
  profile: null,
  ctxLen: 8_192,
  stream: true,
  choices: 1,
  engineLife: 'life',
  ...change,
});
const ending = (change: Partial<RequestEnding> = {}): RequestEnding => ({
  inputTokens: 30,
  cachedTokens: 0,
  outputTokens: 12,
  reasoningTokens: 0,
  countMethod: 'estimated',
  queueMs: 0,
  ttftMs: 100,
  latencyMs: 1_100,
  statusCode: 499,
  outcome: 'client_cancelled',
  errorCode: 'request_cancelled',
  ...change,
});

describe('tokens that the engine did not count for us', () => {
  let engine: RunningSimulator;
  let pool: EnginePool;
  let promptTokens: number;

  beforeAll(async () => {
    engine = await startSimulator();
    pool = new EnginePool(engine.url);
    const answer = await fetch(`${engine.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'sim', ...(JSON.parse(BODY.toString()) as object), max_tokens: 1 }),
    });
    promptTokens = ((await answer.json()) as { usage: { prompt_tokens: number } }).usage.prompt_tokens;
  });
  afterAll(async () => {
    pool.close();
    await engine.stop();
  });

  it('are the prompt by its tokenizer, and the events that were seen', async () => {
    const settled = await new TokenAccounts().settle(
      'life',
      ending(),
      { facts: facts(), body: BODY, tokenEvents: 12 },
      pool,
    );
    expect(settled).toMatchObject({ inputTokens: promptTokens, outputTokens: 12, countMethod: 'counted' });
  });

  it('are an estimate where the engine puts several tokens into an event', async () => {
    const accounts = new TokenAccounts();
    accounts.learn('life', ending({ countMethod: 'exact', outputTokens: 40, outcome: 'completed' }), 20);
    const settled = await accounts.settle('life', ending(), { facts: facts(), body: BODY, tokenEvents: 12 }, pool);
    expect(settled).toMatchObject({ inputTokens: promptTokens, outputTokens: 24, countMethod: 'estimated' });
  });

  it('are, of an answer that does not stream, what the engine makes in that time', async () => {
    const accounts = new TokenAccounts();
    accounts.learn('life', ending({ countMethod: 'exact', outputTokens: 100, outcome: 'completed' }), 100);
    const left = ending({ ttftMs: null, outputTokens: 0, latencyMs: 600 });
    const seen = { facts: facts({ stream: false, choices: 2 }), body: BODY, tokenEvents: 0 };
    const settled = await accounts.settle('life', left, seen, pool);
    expect(settled).toMatchObject({ inputTokens: promptTokens, outputTokens: 100, countMethod: 'estimated' });
  });

  it('are estimated also where the ledger did not take the request: the engine worked meanwhile', async () => {
    const accounts = new TokenAccounts();
    const whole = ending({ countMethod: 'exact', outputTokens: 100, outcome: 'completed' });
    accounts.learn('life', whole, 100);
    const unrecorded = { outcome: 'rejected', errorCode: 'ledger_unavailable', statusCode: 503, ttftMs: null } as const;
    // Its answer had been there for long: no engine is that slow.
    accounts.learn('life', { ...whole, ...unrecorded, latencyMs: 60_000 }, 100);
    const seen = { facts: facts({ stream: false }), body: BODY, tokenEvents: 0 };
    const refused = ending({ ...unrecorded, outputTokens: 0, latencyMs: 600 });
    expect(await accounts.settle('life', refused, seen, pool)).toMatchObject({
      inputTokens: promptTokens,
      outputTokens: 50,
      countMethod: 'estimated',
    });
  });

  it('are never more than the request allowed', async () => {
    const accounts = new TokenAccounts();
    accounts.learn('life', ending({ countMethod: 'exact', outputTokens: 100, outcome: 'completed' }), 100);
    const left = ending({ ttftMs: null, outputTokens: 0, latencyMs: 60_000 });
    const seen = { facts: facts({ stream: false }), body: BODY, tokenEvents: 0 };
    expect(await accounts.settle('life', left, seen, pool)).toMatchObject({ outputTokens: 100 });
  });

  it('are none where the engine refused the request, or its client left before it began', async () => {
    const none = ending({ inputTokens: 0, outputTokens: 0, ttftMs: null });
    const refused = { ...none, outcome: 'error', errorCode: 'engine_rejected_request' } as const;
    const accounts = new TokenAccounts();
    for (const [one, stream] of [
      [none, true],
      [refused, false],
    ] as const)
      expect(
        await accounts.settle('life', one, { facts: facts({ stream }), body: BODY, tokenEvents: 0 }, pool),
      ).toMatchObject({
        inputTokens: 0,
        outputTokens: 0,
        countMethod: 'counted',
      });
  });

  it('are an estimate where the engine is gone', async () => {
    const gone = await startSimulator();
    await gone.stop();
    const settled = await new TokenAccounts().settle(
      'life',
      ending(),
      { facts: facts(), body: BODY, tokenEvents: 12 },
      new EnginePool(gone.url),
    );
    expect(settled).toMatchObject({ inputTokens: 30, outputTokens: 12, countMethod: 'estimated' });
  });
});
