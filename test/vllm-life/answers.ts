import { eventually } from '#testing/eventually';
import type { TestSystem } from '#testing/system';
import { generate, streamed } from '../code-assistant/ask-code';
import { askHint, EXERCISE, streamHint } from '../hints/ask-hint';
import { ask, fresh } from '../response-cache/asking';

/** What is done with a real engine's answers, whatever they say: a model of random weights writes anything. */
export function describeAnswers(system: () => TestSystem): void {
  const tokensWritten = async (): Promise<number> => {
    const metrics = await system().engineMetrics();
    const written = metrics['vllm:generation_tokens_total'];
    if (written === undefined) throw new Error('the engine does not count its tokens');
    return written;
  };

  async function admin(method: string, path: string, body?: object): Promise<number> {
    const { adminEmail: email, adminPassword: password } = system();
    const login = await ask(system(), { email, password }, {}, '/api/auth/login');
    const { accessToken } = JSON.parse(login.body) as { accessToken: string };
    const response = await fetch(`${system().url}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${accessToken}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return response.status;
  }

  it('gives code in each of the four ways, and says that it was vLLM', async () => {
    for (const modelType of ['autocomplete', 'prompt', 'comment', 'error_fix']) {
      const asked = { modelType, prompt: 'print("Jay")', language: 'python', maxTokens: 24 };
      for (const answer of [await generate(system(), asked), await streamed(system(), asked)]) {
        expect(answer).toMatchObject({ status: 200, done: true, error: null, meta: { backend: 'vllm', modelType } });
        expect(answer.headers.get('x-tandem-backend')).toBe('vllm');
        expect(answer.usage ?? answer.meta['usage']).toBeTruthy();
      }
    }
  });

  it('gives hints of every level, and those that were put in their place say so', async () => {
    for (const level of [1, 2, 3]) {
      const written = await tokensWritten();
      for (const heard of [
        await askHint(system(), { ...EXERCISE, level }),
        await streamHint(system(), { ...EXERCISE, level }),
      ]) {
        const backend = heard.meta['check'] === 'replaced' ? 'local' : 'vllm';
        expect(heard).toMatchObject({ status: 200, done: true, error: null, backend, meta: { backend, level } });
        expect(heard.hint.trim()).not.toBe('');
      }
      expect(await tokensWritten()).toBeGreaterThan(written);
    }
  });

  it('is shown as much of a megabyte as it can hold, by its own count', async () => {
    const around = { prefix: 'total = 1 # 합\n'.repeat(80_000), suffix: 'x\n'.repeat(500_000) };
    const code = await generate(system(), { modelType: 'autocomplete', ...around, maxTokens: 24 });
    const hint = await askHint(system(), { ...EXERCISE, problem: '한글 '.repeat(400_000) });
    for (const { status, meta } of [code, hint]) {
      expect(status).toBe(200);
      expect(meta['droppedChars']).toBeGreaterThan(1_000_000);
    }
  });

  it('is asked once for an answer that is kept, as a stream and as a whole', async () => {
    for (const stream of [true, false]) {
      const body = { ...fresh(), stream, max_tokens: 24 };
      const first = await ask(system(), body);
      const written = await tokensWritten();
      const again = await ask(system(), body);
      expect([first.status, first.cache, again.cache, again.body]).toEqual([200, 'miss', 'hit', first.body]);
      expect(await tokensWritten()).toBe(written);
    }
  });

  it('hears of no request that is blocked, and no letter of its answers passes that is masked', async () => {
    const list = { name: 'house', on: 'input', kind: 'words', action: 'block', text: 'badword' };
    const letters = { name: 'letters', on: 'output', kind: 'patterns', action: 'mask', text: '[a-z]' };
    const injection = { flag: false, repeatSystemPrompt: false };
    const policy = { lists: [list, letters], maskPiiInAnswers: true, injection };
    expect(await admin('PUT', '/api/guardrails/deployment', policy)).toBe(200);
    const written = await tokensWritten();
    const bad = { model: 'default', messages: [{ role: 'user', content: 'b a d w o r d' }] };
    expect((await ask(system(), bad)).status).toBe(400);
    expect(await tokensWritten()).toBe(written);
    for (const stream of [true, false]) {
      const { status, body } = await ask(system(), { ...fresh(), stream, max_tokens: 64 });
      expect(status).toBe(200);
      const texts = [...body.matchAll(/"content":"((?:[^"\\]|\\.)*)"/g)].map(([, text = '']) => text);
      const told = texts.map((text) => JSON.parse(`"${text}"`) as string).join('');
      expect(told).not.toMatch(/[a-z]/i);
    }
    expect(await admin('DELETE', '/api/guardrails/deployment')).toBe(204);
    await eventually(async () => (await ask(system(), { ...bad, max_tokens: 1 })).status === 200, {
      timeoutMs: 60_000,
    });
  });
}
