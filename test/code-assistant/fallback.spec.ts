import { Client } from 'pg';
import { eventually } from '#testing/eventually';
import { parseMetrics } from '#testing/simulator';
import { startSystem, type TestSystem } from '#testing/system';
import { Accounts } from '../admission/accounts';
import { generate, streamed } from './ask-code';
import { startWordingEngine, type WordingEngine } from './wording-engine';

const JAY = 'print("Jay")';
const ASKED = { modelType: 'prompt', prompt: 'Print "Jay".' };
const OURS = 'Qwen/Qwen2.5-Coder-7B-Instruct';

describe('another server for code and chats', () => {
  let engine: WordingEngine;
  let other: WordingEngine;
  let system: TestSystem;
  beforeAll(async () => {
    [engine, other] = await Promise.all([startWordingEngine({ model: OURS }), startWordingEngine({ model: 'other' })]);
    system = await startSystem({
      engine: { url: engine.url },
      env: {
        FALLBACK_URL: `${other.url}/v1/`,
        FALLBACK_MODEL: 'other-model',
        FALLBACK_API_KEY: 'sk-of-the-other',
        FALLBACK_CHAT: 'admins',
      },
    });
    engine.say(JAY);
    other.say(`\`\`\`python\n${JAY}\n\`\`\``);
  });
  afterAll(async () => {
    await system.stop();
    await other.stop();
  });

  const health = async (): Promise<Record<string, unknown>> =>
    (await (
      await fetch(`${system.url}/api/v1/code/health`, { headers: { 'x-api-key': system.apiKey } })
    ).json()) as Record<string, unknown>;

  /** Of the status page: from the last heartbeat of a chat-service. */
  const status = async (): Promise<unknown> =>
    (
      (await (
        await fetch(`${system.url}/api/models/status`, { headers: { 'x-api-key': system.apiKey } })
      ).json()) as Record<string, unknown>
    )['backend'];

  it('is not asked while an engine of this installation answers', async () => {
    expect((await generate(system, ASKED)).headers.get('x-tandem-backend')).toBe('vllm');
    expect((await chat({})).headers.get('x-tandem-backend')).toBeNull();
    expect(other.requests).toHaveLength(0);
    expect(await health()).toMatchObject({ status: 'ok', backend: 'vllm', model: OURS });
  });

  describe('where no engine of this installation answers', () => {
    beforeAll(async () => {
      await engine.stop();
      await eventually(async () => (await health())['backend'] === 'fallback', { timeoutMs: 60_000 });
    });

    it('answers, and everything says that it did', async () => {
      const [whole, stream] = [await generate(system, ASKED), await streamed(system, ASKED)];
      for (const { status, code, headers, meta } of [whole, stream]) {
        expect({ status, code, backend: headers.get('x-tandem-backend') }).toEqual({
          status: 200,
          code: JAY,
          backend: 'fallback',
        });
        expect(meta).toMatchObject({ backend: 'fallback', model: 'other-model' });
      }
      expect(await health()).toMatchObject({
        status: 'degraded',
        backend: 'fallback',
        model: 'other-model',
        reason: expect.any(String) as unknown,
      });
      const told = { backend: 'fallback', model: 'other-model', reason: expect.any(String) as unknown };
      expect(await (await fetch(`${system.services['chat-service'].url}/backend`)).json()).toEqual(told);
      await eventually(
        async () => {
          expect(await status()).toEqual(told);
          return true;
        },
        { timeoutMs: 60_000 },
      );
      const request = other.requests.at(-1);
      expect(request).toMatchObject({
        path: '/v1/chat/completions',
        headers: { authorization: 'Bearer sk-of-the-other' },
      });
      expect(request?.body).toMatchObject({ model: 'other-model' });
      expect(request?.body).not.toHaveProperty('chat_template_kwargs');
      expect(await ledgerRow(whole.headers.get('x-request-id'))).toEqual({
        model: 'other-model',
        profile: 'fallback',
        outcome: 'completed',
      });
      const metrics = parseMetrics(await (await fetch(`${system.services['chat-service'].url}/metrics`)).text());
      expect(metrics['tandem_code_requests_total{model_type="prompt",backend="fallback",outcome="completed"}']).toBe(2);
    });

    it('is not asked for who does not want it, nor for a key that is limited to models; they read what is wrong', async () => {
      const asked = other.requests.length;
      const key = await (await Accounts.of(system)).newKey({ allowedModels: [OURS, 'default'] });
      const unwanted = { ...ASKED, fallback: false };
      for (const answer of [await generate(system, unwanted), await streamed(system, ASKED, { 'x-api-key': key })]) {
        expect(answer).toMatchObject({ status: 503, error: { code: 'engine_unavailable' } });
        expect(answer.headers.get('x-tandem-backend')).toBeNull();
      }
      expect(other.requests).toHaveLength(asked);
    });

    it('answers the chats of those who may, and everything says so: header, `meta`, ledger, metric and log', async () => {
      for (const stream of [false, true]) {
        const response = await chat({ stream });
        const text = await response.text();
        expect([response.status, response.headers.get('x-tandem-backend')]).toEqual([200, 'fallback']);
        expect(text).toContain(stream ? 'data: [DONE]' : '"content"');
        expect(await ledgerRow(response.headers.get('x-request-id'))).toEqual({
          model: 'other-model',
          profile: 'fallback',
          outcome: 'completed',
        });
      }
      const native = await post('/api/chat', { messages: HELLO });
      expect(native.headers.get('x-tandem-backend')).toBe('fallback');
      expect(await native.text()).toMatch(/^event: meta\ndata: \{[^\n]*"model":"other-model","backend":"fallback"/);
      expect(other.requests.at(-1)).toMatchObject({
        path: '/v1/chat/completions',
        headers: { authorization: 'Bearer sk-of-the-other' },
        body: { model: 'other-model' },
      });
      const metrics = parseMetrics(await (await fetch(`${system.services['chat-service'].url}/metrics`)).text());
      expect(metrics['tandem_fallback_requests_total{endpoint="/v1/chat/completions",outcome="completed"}']).toBe(2);
      await eventually(() => system.log('chat-service').includes('"msg":"another server is asked"'));
    });

    it('counts the prompt of a key with a token limit, known by our key for it', async () => {
      const key = await (await Accounts.of(system)).newKey({ tokensPerMinute: 10_000 });
      expect((await chat({}, { 'x-api-key': key })).status).toBe(200);
      expect(other.counted.at(-1)?.headers).toMatchObject({ authorization: 'Bearer sk-of-the-other' });
    });

    it('never answers a chat of who may not: another role, a key limited to models, a bare completion', async () => {
      const asked = other.requests.length;
      const accounts = await Accounts.of(system);
      const limited = await accounts.newKey({ allowedModels: [OURS, 'default'] });
      const answers = [
        await chat({}, { 'x-api-key': await accounts.newUserKey() }),
        await chat({}, { 'x-api-key': limited }),
        await post('/v1/completions', { model: 'default', prompt: 'Hi' }),
      ];
      for (const answer of answers) {
        expect([answer.status, answer.headers.get('x-tandem-backend')]).toEqual([503, null]);
        expect(((await answer.json()) as { error: unknown }).error).toMatchObject({ code: 'engine_unavailable' });
      }
      expect(other.requests).toHaveLength(asked);
    });

    it('is named when it fails as well', async () => {
      other.fail(401);
      const refused = await chat({});
      expect([refused.status, refused.headers.get('x-tandem-backend')]).toEqual([503, 'fallback']);
      expect(await refused.json()).toMatchObject({
        error: {
          code: 'engine_unavailable',
          message: expect.stringMatching(/stands in .* refuses Tandem \(401\)/) as string,
        },
      });
      await other.stop();
      const gone = await chat({ stream: true });
      expect([gone.status, gone.headers.get('x-tandem-backend')]).toEqual([503, 'fallback']);
      expect(await gone.json()).toMatchObject({
        error: {
          code: 'engine_unavailable',
          message: expect.stringMatching(/stands in .* cannot be reached/) as string,
        },
      });
    });
  });

  const HELLO = [{ role: 'user', content: 'Hi' }];
  const chat = (over: object, headers = {}): Promise<Response> =>
    post('/v1/chat/completions', { model: 'default', messages: HELLO, ...over }, headers);

  function post(path: string, body: object, headers = {}): Promise<Response> {
    return fetch(`${system.url}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-api-key': system.apiKey, ...headers },
      body: JSON.stringify(body),
    });
  }

  async function ledgerRow(requestId: string | null): Promise<unknown> {
    const client = new Client({ connectionString: system.postgres.url });
    await client.connect();
    try {
      return await eventually(async () => {
        const { rows } = await client.query<Record<string, unknown>>(
          `SELECT model, profile, outcome FROM usage.requests WHERE state = 'finished' AND request_id = $1`,
          [requestId],
        );
        return rows[0];
      });
    } finally {
      await client.end();
    }
  }
});
