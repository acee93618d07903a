import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import OpenAI, {
  APIConnectionTimeoutError,
  APIError,
  APIUserAbortError,
  AuthenticationError,
  BadRequestError,
  NotFoundError,
  PermissionDeniedError,
  RateLimitError,
} from 'openai';
import { eventually } from '#testing/eventually';
import { expectedAnswer } from '#testing/simulated-text';
import { startSystem, type TestSystem } from '#testing/system';

type Chunk = OpenAI.Chat.Completions.ChatCompletionChunk;
type ChatParameters = OpenAI.Chat.Completions.ChatCompletionCreateParamsNonStreaming;

const question = '서울의 날씨는 어때요? 👨‍👩‍👧‍👦🌧️ Ünïcode & "quotes" \\ <b>';
const messages = [{ role: 'user' as const, content: question }];
const weather = {
  type: 'function' as const,
  function: {
    name: 'get_weather',
    description: 'Weather of a city',
    parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
  },
};
/** Far longer than a test takes. */
const ENDLESS = { max_completion_tokens: 8_000, ignore_eos: true } as const;

describe('the openai package, unmodified', () => {
  let system: TestSystem;
  let client: OpenAI;
  let adminToken = '';
  let profiles: string;

  beforeAll(async () => {
    profiles = profilesWithTools();
    system = await startSystem({ env: { VLLM_SIM_TOKENS_PER_SECOND: '500', PROFILES_DIR: profiles } });
    client = clientOf(system.apiKey);
    const { adminEmail: email, adminPassword: password } = system;
    adminToken = (await post<{ accessToken: string }>('/api/auth/login', { email, password })).accessToken;
  });
  afterAll(async () => {
    await system.stop();
    rmSync(profiles, { recursive: true });
  });

  function clientOf(apiKey: string, options: ConstructorParameters<typeof OpenAI>[0] = {}): OpenAI {
    return new OpenAI({ apiKey, baseURL: `${system.url}/v1`, maxRetries: 0, fetch: fetchInThisRealm, ...options });
  }

  async function post<T>(path: string, body: Record<string, unknown>): Promise<T> {
    const answer = await fetch(`${system.url}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${adminToken}` },
      body: JSON.stringify(body),
    });
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return (await answer.json()) as T;
  }

  async function newKey(fields: Record<string, unknown>): Promise<string> {
    return (await post<{ key: string }>('/api/keys', { name: 'of a test', ...fields })).key;
  }

  async function chunksOf(parameters: Partial<ChatParameters>): Promise<Chunk[]> {
    const stream = await client.chat.completions.create({ model: 'default', messages, ...parameters, stream: true });
    const chunks: Chunk[] = [];
    for await (const chunk of stream) chunks.push(chunk);
    return chunks;
  }

  const slotsAreFree = (): Promise<boolean> =>
    eventually(async () => (await system.engineMetrics())['vllm:num_requests_running'] === 0, {
      timeoutMs: 60_000,
    });
  const slotsInUse = (count: number): Promise<boolean> =>
    eventually(async () => (await system.engineMetrics())['vllm:num_requests_running'] === count, {
      timeoutMs: 60_000,
    });

  describe('chat completions', () => {
    it('answers Korean and emoji byte for byte', async () => {
      const answer = await client.chat.completions.create({ model: 'default', messages });
      const expected = expectedAnswer(question);
      expect(answer).toMatchObject({ object: 'chat.completion', model: 'deepseek-ai/DeepSeek-R1-Distill-Qwen-14B' });
      expect(answer.choices).toHaveLength(1);
      expect(answer.choices[0]).toMatchObject({
        index: 0,
        finish_reason: 'stop',
        message: { role: 'assistant', content: expected.text },
      });
      expect(answer.usage).toMatchObject({ completion_tokens: expected.completionTokens });
      expect(answer.usage?.total_tokens).toBe((answer.usage?.prompt_tokens ?? 0) + expected.completionTokens);
    });

    it('streams the same text, piece by piece', async () => {
      const chunks = await chunksOf({});
      const text = chunks.map((chunk) => chunk.choices[0]?.delta.content ?? '').join('');
      expect(text).toBe(expectedAnswer(question).text);
      expect(chunks.length).toBeGreaterThan(20);
      expect(chunks[0]?.choices[0]?.delta.role).toBe('assistant');
      expect(chunks.at(-1)?.choices[0]?.finish_reason).toBe('stop');
      expect(new Set(chunks.map((chunk) => chunk.id)).size).toBe(1);
    });

    it('shows usage in a stream only to who asks for it', async () => {
      const silent = await chunksOf({ max_completion_tokens: 5 });
      expect(silent.filter((chunk) => chunk.usage !== undefined && chunk.usage !== null)).toEqual([]);
      expect(silent.every((chunk) => chunk.choices.length > 0)).toBe(true);
      const told = await chunksOf({
        max_completion_tokens: 5,
        stream_options: { include_usage: true },
      });
      expect(told.at(-1)).toMatchObject({ choices: [], usage: { completion_tokens: 5 } });
      expect(told.filter((chunk) => chunk.usage !== undefined && chunk.usage !== null)).toHaveLength(1);
    });

    it('stops at max_completion_tokens and at a stop text', async () => {
      const short = await client.chat.completions.create({ model: 'default', messages, max_completion_tokens: 7 });
      expect(short.choices[0]).toMatchObject({
        finish_reason: 'length',
        message: { content: expectedAnswer(question, 7).text },
      });
      expect(short.usage?.completion_tokens).toBe(7);
      const whole = expectedAnswer(question).text;
      const stop = whole.slice(12, 16);
      const cut = await client.chat.completions.create({ model: 'default', messages, stop: [stop, 'never'] });
      expect(cut.choices[0]).toMatchObject({
        finish_reason: 'stop',
        message: { content: whole.slice(0, whole.indexOf(stop)) },
      });
    });

    it('gives n choices, streaming and not', async () => {
      const expected = [0, 1, 2].map((choice) => expectedAnswer(question, 30, { choice }).text);
      const answer = await client.chat.completions.create({
        model: 'default',
        messages,
        n: 3,
        max_completion_tokens: 30,
      });
      expect(answer.choices.map(({ index, message }) => [index, message.content])).toEqual([...expected.entries()]);
      const texts = ['', '', ''];
      for (const chunk of await chunksOf({ n: 3, max_completion_tokens: 30 }))
        for (const { index, delta } of chunk.choices) texts[index] = `${texts[index] ?? ''}${delta.content ?? ''}`;
      expect(texts).toEqual(expected);
    });

    it('gives logprobs with their alternatives', async () => {
      const answer = await client.chat.completions.create({
        model: 'default',
        messages,
        max_completion_tokens: 4,
        logprobs: true,
        top_logprobs: 2,
      });
      const tokens = answer.choices[0]?.logprobs?.content;
      expect(tokens).toHaveLength(4);
      for (const token of tokens ?? []) {
        expect(token.logprob).toBeLessThanOrEqual(0);
        expect(token.top_logprobs).toHaveLength(2);
      }
      const streamed = await chunksOf({ max_completion_tokens: 4, logprobs: true, top_logprobs: 2 });
      expect(streamed.flatMap((chunk) => chunk.choices[0]?.logprobs?.content ?? [])).toEqual(tokens);
    });

    it('calls a tool that was chosen for it, streaming and not', async () => {
      const tools = { tools: [weather], tool_choice: { type: 'function' as const, function: { name: 'get_weather' } } };
      const answer = await client.chat.completions.create({ model: 'default', messages, ...tools });
      const [call] = answer.choices[0]?.message.tool_calls ?? [];
      if (call?.type !== 'function') throw new Error('no function was called');
      expect(call.function.name).toBe('get_weather');
      expect(JSON.parse(call.function.arguments)).toHaveProperty('city');
      const deltas = (await chunksOf(tools)).flatMap((chunk) => chunk.choices[0]?.delta.tool_calls ?? []);
      expect(deltas[0]?.function?.name).toBe('get_weather');
      expect(deltas.map((delta) => delta.function?.arguments ?? '').join('')).toBe(call.function.arguments);
    });

    it('takes the result of a tool', async () => {
      const answer = await client.chat.completions.create({
        model: 'default',
        max_completion_tokens: 3,
        messages: [
          ...messages,
          {
            role: 'assistant',
            tool_calls: [
              { id: 'call_1', type: 'function', function: { name: 'get_weather', arguments: '{"city":"서울"}' } },
            ],
          },
          { role: 'tool', tool_call_id: 'call_1', content: '맑음 ☀️' },
        ],
      });
      expect(answer.choices[0]?.message.content).toBe(expectedAnswer('맑음 ☀️', 3).text);
    });

    it('answers JSON that fits a schema', async () => {
      const schema = {
        type: 'object',
        properties: { city: { type: 'string' }, degrees: { type: 'number' } },
        required: ['city', 'degrees'],
        additionalProperties: false,
      };
      const answer = await client.chat.completions.create({
        model: 'default',
        messages,
        response_format: { type: 'json_schema', json_schema: { name: 'weather', strict: true, schema } },
      });
      expect(JSON.parse(answer.choices[0]?.message.content ?? '')).toEqual({
        city: expect.any(String) as unknown,
        degrees: expect.any(Number) as unknown,
      });
      const any = await client.chat.completions.create({
        model: 'default',
        messages,
        response_format: { type: 'json_object' },
      });
      expect(JSON.parse(any.choices[0]?.message.content ?? '')).toEqual(expect.any(Object));
    });

    it('works with the helper that gathers a stream', async () => {
      const gathered = await client.chat.completions.stream({ model: 'default', messages }).finalChatCompletion();
      expect(gathered.choices[0]?.message.content).toBe(expectedAnswer(question).text);
    });
  });

  describe('completions', () => {
    it('completes a prompt, streaming and not', async () => {
      const expected = expectedAnswer('옛날 옛적에', 40).text;
      const whole = await client.completions.create({ model: 'default', prompt: '옛날 옛적에', max_tokens: 40 });
      expect(whole).toMatchObject({ object: 'text_completion', choices: [{ text: expected }] });
      const stream = await client.completions.create({
        model: 'default',
        prompt: '옛날 옛적에',
        max_tokens: 40,
        stream: true,
      });
      let text = '';
      for await (const chunk of stream) text += chunk.choices[0]?.text ?? '';
      expect(text).toBe(expected);
    });

    it('completes several prompts at once', async () => {
      const prompt = ['하나', '둘 😀'];
      const answer = await client.completions.create({ model: 'default', prompt, max_tokens: 20 });
      expect(answer.choices.map(({ text }) => text)).toEqual(prompt.map((one) => expectedAnswer(one, 20).text));
    });
  });

  describe('models', () => {
    it('lists the model under all of its names', async () => {
      const names = [];
      for await (const model of client.models.list()) names.push(model.id);
      expect(names).toEqual(
        expect.arrayContaining(['default', 'deepseek-ai/DeepSeek-R1-Distill-Qwen-14B', 'r1-distill-qwen-14b']),
      );
    });

    it('retrieves one, also by a name with a slash', async () => {
      for (const id of ['default', 'deepseek-ai/DeepSeek-R1-Distill-Qwen-14B'])
        expect(await client.models.retrieve(id)).toMatchObject({
          id,
          object: 'model',
          created: expect.any(Number) as unknown,
          owned_by: expect.any(String) as unknown,
        });
    });

    it('does not know others', async () => {
      const error = await failure(client.models.retrieve('gpt-4o'));
      expect(error).toBeInstanceOf(NotFoundError);
      expect(error).toMatchObject({ status: 404, code: 'model_not_found', param: 'model' });
    });
  });

  describe('errors', () => {
    it('are an AuthenticationError for a wrong key', async () => {
      const error = await failure(clientOf('sk-tandem-wrong').chat.completions.create({ model: 'default', messages }));
      expect(error).toBeInstanceOf(AuthenticationError);
      expect(error).toMatchObject({ status: 401, code: 'invalid_api_key', type: 'invalid_request_error' });
      expect(error.message).not.toContain('sk-tandem-wrong');
    });

    it.each([true, false])('are a NotFoundError for an unknown model (stream: %p)', async (stream) => {
      const error = await failure(client.chat.completions.create({ model: 'gpt-4o', messages, stream }));
      expect(error).toBeInstanceOf(NotFoundError);
      expect(error).toMatchObject({
        status: 404,
        code: 'model_not_found',
        param: 'model',
        type: 'invalid_request_error',
      });
    });

    it.each<[string, Partial<ChatParameters>]>([
      ['temperature', { temperature: 3 }],
      ['messages', { messages: [] }],
      ['n', { n: 0 }],
      ['stop', { stop: [''] }],
    ])('are a BadRequestError that names %s', async (param, wrong) => {
      const error = await failure(client.chat.completions.create({ model: 'default', messages, ...wrong }));
      expect(error).toBeInstanceOf(BadRequestError);
      expect(error.param).toMatch(new RegExp(`^${param}`));
      expect(error).toMatchObject({ status: 400, code: 'invalid_value' });
    });

    it('are a BadRequestError with the code context_length_exceeded for a prompt that is too long', async () => {
      const long = [{ role: 'user' as const, content: 'word '.repeat(20_000) }];
      for (const stream of [true, false]) {
        const error = await failure(client.chat.completions.create({ model: 'default', messages: long, stream }));
        expect(error).toBeInstanceOf(BadRequestError);
        expect(error.code).toBe('context_length_exceeded');
      }
    });

    it('are a RateLimitError with Retry-After past the limit of a key', async () => {
      const limited = clientOf(await newKey({ requestsPerMinute: 2 }));
      await limited.models.list();
      await limited.models.list();
      const error = await failure(limited.models.list());
      expect(error).toBeInstanceOf(RateLimitError);
      expect(error).toMatchObject({ status: 429, code: 'rate_limit_exceeded', type: 'requests' });
      expect(Number(error.headers?.get('retry-after'))).toBeGreaterThan(0);
      expect(error.headers?.get('x-ratelimit-remaining-requests')).toBe('0');
    });

    it('are a NotFoundError for a model that the key may not use', async () => {
      const narrow = clientOf(await newKey({ allowedModels: ['another-model'] }));
      expect(await failure(narrow.chat.completions.create({ model: 'default', messages }))).toMatchObject({
        status: 404,
        code: 'model_not_found',
      });
      expect((await narrow.models.list()).data).toEqual([]);
    });

    it('are a PermissionDeniedError where a user may not go', async () => {
      const email = 'user@tandem.test';
      const password = 'correct horse battery staple';
      await post('/api/users', { email, password, role: 'user' });
      const { accessToken } = await post<{ accessToken: string }>('/api/auth/login', { email, password });
      const user = clientOf(accessToken);
      expect((await user.models.list()).data.length).toBeGreaterThan(0);
      const error = await failure(user.get(`${system.url}/api/users`));
      expect(error).toBeInstanceOf(PermissionDeniedError);
      expect(error).toMatchObject({ status: 403, code: 'insufficient_permissions' });
    });

    it('are an APIConnectionTimeoutError when the client does not wait, and the slot is freed', async () => {
      const hasty = clientOf(system.apiKey, { timeout: 300 });
      const error = await failure(
        hasty.chat.completions.create({ model: 'default', messages, ...ENDLESS } as ChatParameters),
      );
      expect(error).toBeInstanceOf(APIConnectionTimeoutError);
      await slotsAreFree();
    });

    it('carry the request id that the log has', async () => {
      const error = await failure(client.chat.completions.create({ model: 'gpt-4o', messages }));
      expect(error.requestID).toMatch(/^req_[0-9a-f]{32}$/);
    });
  });

  describe('headers', () => {
    it('say the request id and the limits', async () => {
      const { response, request_id } = await client.chat.completions
        .create({ model: 'default', messages, max_completion_tokens: 1 })
        .withResponse();
      expect(request_id).toMatch(/^req_[0-9a-f]{32}$/);
      const { data, response: streamed } = await client.chat.completions
        .create({ model: 'default', messages, max_completion_tokens: 1, stream: true })
        .withResponse();
      for await (const chunk of data) expect(chunk.id).toContain(streamed.headers.get('x-request-id'));
      for (const { headers } of [response, streamed]) {
        const limit = Number(headers.get('x-ratelimit-limit-requests'));
        expect(Number(headers.get('x-ratelimit-remaining-requests'))).toBeLessThan(limit);
        expect(headers.get('x-ratelimit-reset-requests')).toMatch(/^(\d+m)?[\d.]+m?s$/);
      }
      expect(streamed.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
      expect(streamed.headers.get('cache-control')).toContain('no-cache');
    });

    it('name the fields that were ignored', async () => {
      const { response } = await client.chat.completions
        .create({
          model: 'default',
          messages,
          max_completion_tokens: 1,
          store: false,
          metadata: { a: 'b' },
        } as ChatParameters)
        .withResponse();
      expect(response.headers.get('x-tandem-ignored-fields')?.split(', ').sort()).toEqual(['metadata', 'store']);
      const { response: odd } = await client.chat.completions
        .create({ model: 'default', messages, max_completion_tokens: 1, 한글: 1, 'a\r\nb': 2 } as ChatParameters)
        .withResponse();
      expect(odd.headers.get('x-tandem-ignored-fields')).toBe('%ED%95%9C%EA%B8%80, a%0D%0Ab');
    });

    it('take the key in X-API-Key as well, and both when they agree', async () => {
      const byOther = clientOf('unused', { defaultHeaders: { authorization: null, 'x-api-key': system.apiKey } });
      expect((await byOther.models.list()).data.length).toBeGreaterThan(0);
      const byBoth = clientOf(system.apiKey, { defaultHeaders: { 'x-api-key': system.apiKey } });
      expect((await byBoth.models.list()).data.length).toBeGreaterThan(0);
      const split = clientOf(system.apiKey, { defaultHeaders: { 'x-api-key': 'sk-tandem-another' } });
      expect(await failure(split.models.list())).toBeInstanceOf(AuthenticationError);
    });
  });

  describe('a client that leaves', () => {
    it('frees the slot of its stream', async () => {
      const stream = await client.chat.completions.create({ model: 'default', messages, ...ENDLESS, stream: true });
      for await (const chunk of stream) {
        if (chunk.choices[0]?.delta.content) break; // the package aborts the request when the loop is left
      }
      await slotsAreFree();
    });

    it('frees the slot of an answer that does not stream', async () => {
      const abort = new AbortController();
      const answer = failure(
        client.chat.completions.create({ model: 'default', messages, ...ENDLESS } as ChatParameters, {
          signal: abort.signal,
        }),
      );
      await slotsInUse(1);
      abort.abort();
      expect(await answer).toBeInstanceOf(APIUserAbortError);
      await slotsAreFree();
    });

    it('frees all slots of n choices', async () => {
      const stream = await client.chat.completions.create({
        model: 'default',
        messages,
        ...ENDLESS,
        n: 4,
        stream: true,
      });
      await slotsInUse(4);
      stream.controller.abort();
      await slotsAreFree();
    });
  });
});

/** The default profile, with the parser that vLLM needs for tools. */
function profilesWithTools(): string {
  const folder = mkdtempSync(join(tmpdir(), 'tandem-profiles-'));
  const name = 'r1-distill-qwen-14b.yaml';
  const profile = readFileSync(join(__dirname, '../../profiles', name), 'utf8');
  const tools = '  - enableAutoToolChoice: true\n    toolCallParser: hermes\n    model:';
  writeFileSync(join(folder, name), profile.replace(/^ {2}- model:/m, tools));
  return folder;
}

/** Jest runs tests in a realm of their own, where the package does not know the errors of node's fetch as errors. */
const fetchInThisRealm: typeof fetch = async (input, init) => {
  try {
    return await fetch(input, init);
  } catch (error) {
    const { name, message } = error as Error;
    throw Object.assign(new Error(message, { cause: error }), { name });
  }
};

/** What a call fails with; an error of the package, or the test fails. */
async function failure(call: PromiseLike<unknown>): Promise<APIError> {
  try {
    await call;
  } catch (error) {
    if (error instanceof APIError) return error;
    throw error;
  }
  throw new Error('the call did not fail');
}
