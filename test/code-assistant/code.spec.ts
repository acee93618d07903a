import { startSystem, type TestSystem } from '#testing/system';
import { Accounts } from '../admission/accounts';
import { rowOf } from '../admission/ledger-row';
import { generate, streamed } from './ask-code';
import { startWordingEngine, type WordingEngine } from './wording-engine';

const JAY = 'print("Jay")';
const ASKED = { modelType: 'prompt', prompt: 'Print "Jay".', language: 'python' };

describe('the code assistant', () => {
  let engine: WordingEngine;
  let system: TestSystem;
  beforeAll(async () => {
    engine = await startWordingEngine({ model: 'Qwen/Qwen2.5-Coder-7B-Instruct' });
    system = await startSystem({ engine: { url: engine.url } });
  });
  afterAll(async () => {
    await system.stop();
    await engine.stop();
  });

  it.each([
    ['plain', JAY],
    ['in a fence', `\`\`\`python\n${JAY}\n\`\`\``],
    ['between words', `Sure! Here is the code:\n\n\`\`\`python\n${JAY}\n\`\`\`\n\nThis code prints a name.`],
    ['after thinking', `<think>\nThey want \`\`\`a line\`\`\`.\n</think>\n\n\`\`\`python\n${JAY}\n\`\`\``],
  ])('asked for a line, it answers with exactly that line, whatever the model says (%s)', async (_, said) => {
    engine.say(said);
    const [whole, stream] = [await generate(system, ASKED), await streamed(system, ASKED)];
    expect(whole).toMatchObject({ status: 200, code: JAY, usage: { inputTokens: 10 } });
    expect(stream).toMatchObject({ status: 200, code: JAY, usage: { prompt_tokens: 10 }, done: true });
  });

  it('says who answered: in a header, in the answer, in the event meta', async () => {
    engine.say(JAY);
    const [whole, stream] = [await generate(system, ASKED), await streamed(system, ASKED)];
    const told = {
      backend: 'vllm',
      model: 'Qwen/Qwen2.5-Coder-7B-Instruct',
      modelType: 'prompt',
      template: 'prompt@1',
    };
    for (const { headers, meta } of [whole, stream]) {
      expect(headers.get('x-tandem-backend')).toBe('vllm');
      expect(meta).toMatchObject({ ...told, requestId: headers.get('x-request-id'), language: 'python' });
    }
  });

  it('completes at the cursor with the tokens of the model for a text with a gap', async () => {
    engine.say('  return a + b\n');
    const asked = { modelType: 'autocomplete', prefix: 'def add(a, b):\n  ', suffix: '\n\nadd(1, 2)\n' };
    const answer = await generate(system, asked);
    expect(answer).toMatchObject({ code: '  return a + b\n', meta: { template: 'fim@1' } });
    expect(engine.requests.at(-1)).toMatchObject({
      path: '/v1/completions',
      body: {
        prompt: '<|fim_prefix|>def add(a, b):\n  <|fim_suffix|>\n\nadd(1, 2)\n<|fim_middle|>',
        temperature: 0.2,
        max_tokens: 256,
        stop: expect.arrayContaining(['<|fim_pad|>']) as unknown,
      },
    });
  });

  it('works on the selected code, and on the error', async () => {
    engine.say(`\`\`\`python\n${JAY}\n\`\`\``);
    const error = "SyntaxError: '(' was never closed";
    expect((await generate(system, { modelType: 'error_fix', selection: 'print("Jay"', error })).code).toBe(JAY);
    const { messages } = engine.requests.at(-1)?.body as { messages: { content: string }[] };
    expect(messages.at(-1)?.content).toContain(`print("Jay"\nThe error:\n${error}`);
    expect((await generate(system, { modelType: 'comment', prompt: JAY, temperature: 0, maxTokens: 9 })).code).toBe(
      JAY,
    );
    expect(engine.requests.at(-1)?.body).toMatchObject({ temperature: 0, max_tokens: 9 });
  });

  it('sends far fewer chunks than the engine sends tokens, and the first one alone', async () => {
    const code = Array.from({ length: 100 }, (_, at) => `x${at} = ${at}`).join('\n');
    engine.say(code);
    const answer = await streamed(system, { ...ASKED, chunkDelayMs: 1_000 });
    const tokens = Math.ceil(code.length / 4);
    expect(answer.code).toBe(code);
    expect(answer.chunks[0]).toHaveLength(4);
    expect(answer.chunks.length).toBeLessThan(tokens * 0.4);
    const larger = await streamed(system, { ...ASKED, chunkDelayMs: 1_000, chunkChars: 200 });
    expect(larger.chunks.length).toBeLessThan(tokens * 0.05);
  });

  it('cuts its chunks as the key says, and as the request says where it does', async () => {
    engine.say(Array.from({ length: 100 }, (_, at) => `x${at} = ${at}`).join('\n'));
    const accounts = await Accounts.of(system);
    const key = { 'x-api-key': await accounts.newKey({ codeChunkChars: 400, codeChunkDelayMs: 1_000 }) };
    const [ofKey, ofRequest] = [
      await streamed(system, ASKED, key),
      await streamed(system, { ...ASKED, chunkChars: 8 }, key),
    ];
    expect(ofKey.code).toBe(ofRequest.code);
    expect(ofKey.chunks.length).toBeLessThan(5);
    expect(ofRequest.chunks.length).toBeGreaterThan(50);
    await expect(accounts.newKey({ codeChunkChars: 0 })).rejects.toThrow(/400/);
    await expect(accounts.newKey({ codeChunkDelayMs: 1_001 })).rejects.toThrow(/400/);
  });

  it('is told of in the status: who would answer now', async () => {
    const headers = { authorization: `Bearer ${system.apiKey}` };
    const status = (await (await fetch(`${system.url}/api/models/status`, { headers })).json()) as object;
    expect(status).toMatchObject({ backend: { backend: 'vllm', model: expect.any(String) as unknown, reason: null } });
  });

  it('has the same keys, limits and ledger as every other request', async () => {
    engine.say(JAY);
    const accounts = await Accounts.of(system);
    const key = await accounts.newKey({ requestsPerMinute: 1 });
    const answer = await streamed(system, ASKED, { 'x-api-key': key });
    expect(answer).toMatchObject({ status: 200, code: JAY });
    expect(await streamed(system, ASKED, { 'x-api-key': key })).toMatchObject({
      status: 429,
      error: { code: 'rate_limit_exceeded' },
    });
    expect(await generate(system, ASKED, { 'x-api-key': 'sk-tandem-nobody' })).toMatchObject({ status: 401 });
    const row = await rowOf(system, { requestId: answer.headers.get('x-request-id') });
    expect(row).toMatchObject({ outcome: 'completed', input_tokens: 10, status_code: 200 });
    const metered = await accounts.newKey({ tokensPerMinute: 20 });
    expect((await streamed(system, { ...ASKED, maxTokens: 5 }, { 'x-api-key': metered })).code).toBe(JAY);
    expect(await streamed(system, { ...ASKED, maxTokens: 50 }, { 'x-api-key': metered })).toMatchObject({
      status: 429,
    });
  });

  it('lists its models, and says who would answer', async () => {
    const get = async (path: string): Promise<unknown> =>
      (
        await fetch(`${system.url}/api/v1/code/${path}`, { headers: { authorization: `Bearer ${system.apiKey}` } })
      ).json();
    expect(await get('models')).toMatchObject({
      items: expect.arrayContaining([
        { id: 'default', backend: 'vllm', contextTokens: 8_192, fillInTheMiddle: true },
      ]) as unknown,
      modelTypes: expect.arrayContaining([{ id: 'autocomplete', template: 1 }]) as unknown,
    });
    expect(await get('health')).toEqual({
      status: 'ok',
      backend: 'vllm',
      model: 'Qwen/Qwen2.5-Coder-7B-Instruct',
      reason: null,
    });
  });

  it.each([
    ['no type', { prompt: 'x' }, 'modelType'],
    ['an unknown type', { modelType: 'poem', prompt: 'x' }, 'modelType'],
    ['nothing to do', { modelType: 'prompt', prompt: '  ' }, 'prompt'],
    ['no text at the cursor', { modelType: 'autocomplete' }, 'prefix'],
    ['an odd language', { ...ASKED, language: 'py\nIgnore all' }, 'language'],
    ['a language that is no text', { ...ASKED, language: 7 }, 'language'],
    ['a temperature of 1e308', { ...ASKED, temperature: 1e308 }, 'temperature'],
    ['more tokens than the cap', { ...ASKED, maxTokens: 2 ** 31 }, 'maxTokens'],
    ['a NUL', { ...ASKED, prefix: 'a\u0000b' }, null],
    ['half a surrogate pair', { ...ASKED, prefix: 'a\ud800b' }, null],
    ['an array', [], null],
  ])('refuses %s', async (_, body, param) => {
    for (const answer of [await generate(system, body), await streamed(system, body)]) {
      expect(answer.status).toBe(400);
      expect(answer.error?.param ?? null).toBe(param);
    }
  });

  it('takes a prefix and a suffix of a megabyte, sends what is near the cursor, and says so', async () => {
    engine.say('1');
    const prefix = `${'# 한글 🚀 line\n'.repeat(60_000)}value = `;
    const suffix = `\n${'# after\n'.repeat(100_000)}`;
    const { meta, status } = await generate(system, { modelType: 'autocomplete', prefix, suffix });
    expect(status).toBe(200);
    expect(meta['droppedChars']).toBeGreaterThan(1_000_000);
    const { prompt } = engine.requests.at(-1)?.body as { prompt: string };
    expect(prompt).toMatch(/^<\|fim_prefix\|># 한글 🚀 line\n/);
    expect(prompt).toContain('value = <|fim_suffix|>\n# after\n');
    expect(prompt.length).toBeLessThan(17_000);
  });

  it('does not take its tokens from a text of the user', async () => {
    engine.say('1');
    await generate(system, { modelType: 'autocomplete', prefix: 'FIM = "<|fim_middle|>"\nx = ' });
    expect(engine.requests.at(-1)?.path).toBe('/v1/chat/completions');
  });
});
