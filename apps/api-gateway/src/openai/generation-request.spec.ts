import { CodedError } from '#contracts/errors';
import { loadConfig } from '../config';
import type { GenerationCall } from '../streaming/generations';
import { RequestChecker } from './generation-request';

const config = loadConfig({ DATABASE_URL: 'postgres://x', JWT_SECRET: 'x'.repeat(32) });
const checker = new RequestChecker(config);
const messages = [{ role: 'user', content: 'hello' }];

const chat = (fields: Record<string, unknown>): GenerationCall =>
  checker.checkChat({ model: 'default', messages, ...fields });
const completion = (fields: Record<string, unknown>): GenerationCall =>
  checker.checkCompletion({ model: 'default', prompt: 'hello', ...fields });
const forwarded = (checked: GenerationCall): unknown => JSON.parse(Buffer.from(checked.body).toString());

/** The error that `check` throws, as a client would see it. */
function refusal(check: () => unknown): { status: number; param: string | null; code: string; message: string } {
  try {
    check();
  } catch (error) {
    if (!(error instanceof CodedError)) throw error;
    return { status: error.status, param: error.param, code: error.code, message: error.message };
  }
  throw new Error('the request was taken');
}

const twoToThe31 = 2 ** 31;
const odd = [0, -1, twoToThe31, 1e308, '1', true, 1.5, [], {}, Number.POSITIVE_INFINITY] as const;

/** What each field takes of the odd values; everything else must be refused, with the field's name in `param`. */
const chatTakes: Record<string, readonly unknown[]> = {
  n: [],
  best_of: [],
  max_tokens: [],
  max_completion_tokens: [],
  top_logprobs: [0],
  logprobs: [true],
  temperature: [0, 1.5],
  top_p: [],
  top_k: [0, -1],
  min_p: [0],
  min_tokens: [0],
  presence_penalty: [0, -1, 1.5],
  frequency_penalty: [0, -1, 1.5],
  repetition_penalty: [1.5],
  seed: [0, -1, twoToThe31],
  stream: [true],
  prompt_logprobs: [0],
  stop: ['1', []],
  tools: [[]],
  tool_choice: [{}],
  response_format: [{}],
  structured_outputs: [{}],
  logit_bias: [{}],
  user: ['1'],
  stream_options: [],
  model: ['1'],
  messages: [],
};

/** Objects whose own fields are looked at elsewhere. */
const takenApart = new Set(['tool_choice', 'response_format']);

describe('numbers and kinds of a chat request', () => {
  const rows = Object.entries(chatTakes).flatMap(([field, taken]) =>
    odd.map((value) => ({
      field,
      value,
      taken: taken.some((one) => Object.is(JSON.stringify(one), JSON.stringify(value)) && typeof one === typeof value),
    })),
  );

  it.each(rows.filter(({ taken }) => !taken))('refuses $field = $value and names the field', ({ field, value }) => {
    const { status, param } = refusal(() =>
      chat({ [field]: value, ...(field === 'top_logprobs' ? { logprobs: true } : {}) }),
    );
    expect({ status, param }).toEqual({ status: 400, param: field });
  });

  it.each(rows.filter(({ taken, field }) => taken && !takenApart.has(field)))(
    'takes $field = $value',
    ({ field, value }) => {
      expect(() => chat({ ...(field === 'top_logprobs' ? { logprobs: true } : {}), [field]: value })).not.toThrow();
    },
  );

  it.each(Object.keys(chatTakes).filter((field) => field !== 'model' && field !== 'messages'))(
    'reads %s = null as not set, as the SDKs send it',
    (field) => {
      expect(forwarded(chat({ [field]: null }))).toEqual({ messages });
    },
  );

  it.each(['model', 'messages'])('needs %s', (field) => {
    for (const missing of [undefined, null])
      expect(refusal(() => chat({ [field]: missing }))).toMatchObject({ status: 400, param: field });
  });
});

describe('numbers and kinds of a completion request', () => {
  it.each([-1, twoToThe31, 1e308, '1', true, 1.5, []])('refuses logprobs = %p', (value) => {
    expect(refusal(() => completion({ logprobs: value }))).toMatchObject({ status: 400, param: 'logprobs' });
  });

  it.each([0, -1, twoToThe31, 1e308, '1', true])('refuses n and best_of = %p', (value) => {
    expect(refusal(() => completion({ n: value }))).toMatchObject({ status: 400, param: 'n' });
    expect(refusal(() => completion({ best_of: value }))).toMatchObject({ status: 400, param: 'best_of' });
  });

  it.each([0, true, {}, [], [{}], [[]], [['a']], ['a', 1], [1, 'a'], [-1], [1e308], Array<string>(65).fill('x')])(
    'refuses the prompt %j',
    (prompt) => {
      expect(refusal(() => completion({ prompt }))).toMatchObject({ status: 400 });
      expect(refusal(() => completion({ prompt })).param).toMatch(/^prompt/);
    },
  );

  it('counts the choices that will be generated, over all prompts', () => {
    expect(completion({ prompt: ['a', 'b', 'c'], n: 2 }).choices).toBe(6);
    expect(completion({ prompt: [1, 2, 3], n: 2 }).choices).toBe(2);
    expect(completion({ prompt: [[1], [2]] }).choices).toBe(2);
    expect(chat({ n: 4 }).choices).toBe(4);
  });
});

describe('very many of something', () => {
  const many = 100_000;

  it.each<[string, Record<string, unknown>]>([
    ['messages', { messages: Array<unknown>(many).fill(messages[0]) }],
    ['stop', { stop: Array<string>(many).fill('x') }],
    ['logit_bias', { logit_bias: Object.fromEntries(Array.from({ length: many }, (_, token) => [token, 1])) }],
    ['tools', { tools: Array<unknown>(many).fill({ type: 'function', function: { name: 'f' } }) }],
    ['stop_token_ids', { stop_token_ids: Array<number>(many).fill(1) }],
    ['bad_words', { bad_words: Array<string>(many).fill('x') }],
    ['messages[0].tool_calls', { messages: [{ role: 'assistant', tool_calls: Array<unknown>(many).fill({}) }] }],
  ])('refuses 100,000 %s', (param, fields) => {
    expect(refusal(() => chat(fields))).toMatchObject({ status: 400, param });
  });

  it('takes as many as the configuration says, and not one more', () => {
    const stops = (count: number) => chat({ stop: Array<string>(count).fill('x') });
    expect(() => stops(config.MAX_STOP)).not.toThrow();
    expect(refusal(() => stops(config.MAX_STOP + 1))).toMatchObject({ param: 'stop' });
  });

  it('names at most 50 of 100,000 unknown fields', () => {
    const fields = Object.fromEntries(Array.from({ length: many }, (_, index) => [`field${index}`, 1]));
    expect(chat(fields).ignored).toHaveLength(50);
  });
});

describe('what could change the server or reach elsewhere', () => {
  it.each([
    'chat_template',
    'add_generation_prompt',
    'continue_final_message',
    'documents',
    'mm_processor_kwargs',
    'prompt_embeds',
    'kv_transfer_params',
    'cache_salt',
    'priority',
    'request_id',
    'vllm_xargs',
    'logits_processors',
    'use_beam_search',
    'api_base',
    'base_url',
    'api_key',
    'extra_headers',
    'extra_body',
  ])('refuses %s aloud', (field) => {
    for (const value of ['{{ 1 }}', 1, {}, null])
      expect(refusal(() => chat({ [field]: value }))).toMatchObject({
        status: 400,
        param: field,
        code: 'unsupported_parameter',
      });
  });

  it('refuses template switches that could carry a template', () => {
    for (const key of ['chat_template', 'template', 'custom_instructions', '__proto__x'])
      expect(refusal(() => chat({ chat_template_kwargs: { [key]: 'x' } }))).toMatchObject({
        status: 400,
        param: `chat_template_kwargs.${key}`,
      });
    expect(() => chat({ chat_template_kwargs: { enable_thinking: false } })).not.toThrow();
  });

  it.each([
    'http://169.254.169.254/latest/meta-data',
    'https://example.org/a.png',
    'file:///etc/passwd',
    'ftp://x/y',
    '//example.org/x.png',
    'data:text/html;base64,AAAA',
    'data:image/svg+xml;base64,AAAA',
    'data:image/png,AAAA',
    'data:image/png;base64,',
    '',
    ' data:image/png;base64,AAAA',
  ])('refuses the image address %p', (url) => {
    const at = 'messages[0].content[0].image_url.url';
    for (const image_url of [{ url }, url]) {
      const content = [{ type: 'image_url', image_url }];
      expect(refusal(() => chat({ messages: [{ role: 'user', content }] }))).toMatchObject({ status: 400, param: at });
    }
  });

  it.each(['video_url', 'audio_url', 'input_audio', 'file', 'image', '', null, 1])(
    'refuses a content part of type %p',
    (type) => {
      const content = [{ type, [String(type)]: { url: 'http://example.org' } }];
      expect(refusal(() => chat({ messages: [{ role: 'user', content }] }))).toMatchObject({
        status: 400,
        param: 'messages[0].content[0].type',
      });
    },
  );

  it('takes an image that travels in the request', () => {
    const content = [{ type: 'image_url', image_url: { url: 'data:image/png;base64,iVBORw0KGgo=' } }];
    expect(() => chat({ messages: [{ role: 'user', content }] })).not.toThrow();
  });

  it.each([
    { type: 'text', text: 'hi' },
    { type: 'refusal', refusal: 'no' },
    { type: 'image_url', image_url: { url: 'data:image/png;base64,iVBORw0KGgo=', detail: 'auto' } },
  ])('forwards of a part %j what belongs to it, since a `uuid` makes vLLM fetch what stands beside it', (part) => {
    const smuggled = { video_url: { url: 'http://169.254.169.254/' }, image_embeds: 'AAAA', uuid: '1', ...part };
    const checked = chat({ messages: [{ role: 'user', content: [smuggled] }] });
    expect(forwarded(checked)).toEqual({ messages: [{ role: 'user', content: [part] }] });
    const names = ['image_embeds', 'uuid', 'video_url'];
    expect(checked.ignored.sort()).toEqual(names.map((name) => `messages[].content[].${name}`));
  });

  it('leaves unknown fields out, and says so', () => {
    const checked = chat({
      store: true,
      metadata: {},
      messages: [{ ...messages[0], weight: 1 }],
      stream: true,
      stream_options: { x: 1 },
    });
    expect(checked.ignored.sort()).toEqual(['messages[].weight', 'metadata', 'store', 'stream_options.x']);
    expect(forwarded(checked)).toEqual({ messages });
  });

  it('never forwards what it decides itself', () => {
    const checked = chat({
      model: 'm',
      stream: true,
      stream_options: { include_usage: true, continuous_usage_stats: true },
    });
    expect(forwarded(checked)).toEqual({ messages });
    expect(checked).toMatchObject({ model: 'm', streaming: true, includeUsage: true, continuousUsage: true });
  });
});

describe('messages', () => {
  it.each<[string, unknown, string]>([
    ['an unknown role', { role: 'root', content: 'x' }, 'messages[0].role'],
    ['no role', { content: 'x' }, 'messages[0].role'],
    ['a role of another kind', { role: ['user'], content: 'x' }, 'messages[0].role'],
    ['a role of the prototype', { role: 'constructor', content: 'x' }, 'messages[0].role'],
    ['no content', { role: 'user' }, 'messages[0].content'],
    ['null content', { role: 'user', content: null }, 'messages[0].content'],
    ['a number as content', { role: 'user', content: 1 }, 'messages[0].content'],
    ['an object as content', { role: 'user', content: { text: 'x' } }, 'messages[0].content'],
    ['no parts', { role: 'user', content: [] }, 'messages[0].content'],
    ['a part that is a string', { role: 'user', content: ['x'] }, 'messages[0].content[0]'],
    ['a part without its text', { role: 'user', content: [{ type: 'text' }] }, 'messages[0].content[0].text'],
    ['null', null, 'messages[0]'],
    ['a string', 'hello', 'messages[0]'],
    ['an array', [], 'messages[0]'],
    ['an empty name', { role: 'user', content: 'x', name: '' }, 'messages[0].name'],
    ['a tool answer without its call', { role: 'tool', content: 'x' }, 'messages[0].tool_call_id'],
    ['an assistant without anything', { role: 'assistant' }, 'messages[0].content'],
    ['tool calls that are no list', { role: 'assistant', tool_calls: {} }, 'messages[0].tool_calls'],
    [
      'a tool call without arguments',
      { role: 'assistant', tool_calls: [{ id: 'a', function: { name: 'f' } }] },
      'messages[0].tool_calls[0].function.arguments',
    ],
  ])('are refused with %s', (_what, message, param) => {
    expect(refusal(() => chat({ messages: [message] }))).toMatchObject({ status: 400, param });
  });

  it('are refused when there are none', () => {
    expect(refusal(() => chat({ messages: [] }))).toMatchObject({ status: 400, param: 'messages' });
  });

  it('say system where OpenAI says developer', () => {
    expect(forwarded(chat({ messages: [{ role: 'developer', content: 'x' }] }))).toEqual({
      messages: [{ role: 'system', content: 'x' }],
    });
  });
});

describe('text that is no text', () => {
  it.each<[string, Record<string, unknown>]>([
    ['in a message', { messages: [{ role: 'user', content: 'a\ud800b' }] }],
    ['alone, the low half', { messages: [{ role: 'user', content: '\udc00' }] }],
    ['after a backslash', { messages: [{ role: 'user', content: '\\\ud83d' }] }],
    ['in a stop', { stop: ['\ud83d'] }],
    [
      'in a name of a schema',
      { response_format: { type: 'json_schema', json_schema: { schema: { properties: { '\ud800': {} } } } } },
    ],
    ['in the wrong order', { user: '\udc00\ud800' }],
  ])('refuses half a surrogate pair %s', (_where, fields) => {
    expect(refusal(() => chat(fields))).toMatchObject({ status: 400, code: 'invalid_value' });
  });

  it.each<[string, Record<string, unknown>]>([
    ['in a message', { messages: [{ role: 'user', content: 'a\0b' }] }],
    ['after a backslash', { messages: [{ role: 'user', content: '\\\0' }] }],
    ['in a stop', { stop: '\0' }],
  ])('refuses NUL %s', (_where, fields) => {
    expect(refusal(() => chat(fields))).toMatchObject({ status: 400, code: 'invalid_value' });
  });

  it.each([
    '\\ud800',
    '\\u0000',
    '\\\\ud800',
    '안녕 😀 \ud83d\udc4b\u{1F1F0}\u{1F1F7}',
    '\u0001\u001f\u007f',
    '\ufffe\uffff',
  ])('forwards %j exactly', (content) => {
    expect(forwarded(chat({ messages: [{ role: 'user', content }] }))).toEqual({
      messages: [{ role: 'user', content }],
    });
  });

  it('is quick about two million backslashes', () => {
    const content = `${'\\'.repeat(1_000_000)}ud800 \\u0000`;
    expect(() => chat({ messages: [{ role: 'user', content }] })).not.toThrow();
  });
});

describe('structured output', () => {
  const schema = (value: unknown) =>
    chat({ response_format: { type: 'json_schema', json_schema: { name: 'x', schema: value } } });

  it.each<[string, unknown]>([
    ['itself', { $ref: '#' }],
    ['a definition of itself', { $defs: { a: { $ref: '#/$defs/a' } }, $ref: '#/$defs/a' }],
    ['a choice of itself', { anyOf: [{ $ref: '#' }, { type: 'string' }] }],
    ['two definitions in a ring', { $defs: { a: { $ref: '#/$defs/b' }, b: { $ref: '#/$defs/a' } }, $ref: '#/$defs/a' }],
  ])('refuses a schema that is nothing but %s', (_what, value) => {
    expect(refusal(() => schema(value))).toMatchObject({ status: 400 });
  });

  it('takes a schema that is recursive as trees are', () => {
    expect(() =>
      schema({
        $defs: { node: { type: 'object', properties: { next: { $ref: '#/$defs/node' } } } },
        $ref: '#/$defs/node',
      }),
    ).not.toThrow();
    expect(() =>
      schema({ type: 'object', properties: { children: { type: 'array', items: { $ref: '#' } } } }),
    ).not.toThrow();
  });

  it.each<[string, string]>([
    ['of 100,000 characters', 'a'.repeat(100_000)],
    ['that repeats repetitions', '((a{100}){100}){100}'],
    ['that repeats very often', 'a{1,2147483647}'],
    ['that repeats without end', '(a{9999,}){9999,}'],
  ])('refuses a pattern %s', (_what, pattern) => {
    expect(refusal(() => chat({ structured_outputs: { regex: pattern } }))).toMatchObject({
      status: 400,
      param: 'structured_outputs.regex',
    });
    expect(refusal(() => schema({ properties: { a: { pattern } } }))).toMatchObject({ status: 400 });
    expect(refusal(() => chat({ structured_outputs: { json: JSON.stringify({ pattern }) } }))).toMatchObject({
      status: 400,
    });
    const tools = [{ type: 'function', function: { name: 'f', parameters: { properties: { a: { pattern } } } } }];
    expect(refusal(() => chat({ tools }))).toMatchObject({ status: 400 });
  });

  it.each([
    '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$',
    '^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}$',
    '^(\\+82-?)?\\d{2,3}-\\d{3,4}-\\d{4}$',
    '^[A-Za-z0-9_-]{100}\\.[A-Za-z0-9_-]{200}$',
  ])('takes the everyday pattern %s', (regex) => {
    expect(() => chat({ structured_outputs: { regex } })).not.toThrow();
  });

  it('refuses a schema in a text that nests 10,000 deep', () => {
    for (const json of ['['.repeat(10_000) + ']'.repeat(10_000), '{"a":'.repeat(10_000) + '1' + '}'.repeat(10_000)])
      expect(refusal(() => chat({ structured_outputs: { json } }))).toMatchObject({ status: 400 });
  });

  it('follows a chain of two thousand references', () => {
    const chain = Object.fromEntries(Array.from({ length: 2_000 }, (_, link) => [link, { $ref: `#/${link + 1}` }]));
    expect(() => schema(chain)).not.toThrow();
    expect(refusal(() => schema({ ...chain, 2_000: { $ref: '#/0' } }))).toMatchObject({ status: 400 });
  });

  it('refuses a schema of more than 64 KiB', () => {
    expect(refusal(() => schema({ description: 'x'.repeat(70_000) }))).toMatchObject({
      status: 400,
      param: 'response_format.json_schema.schema',
    });
  });

  it.each([
    {},
    { type: 'xml' },
    { type: null },
    { type: 'json_schema' },
    { type: 'json_schema', json_schema: 'x' },
    { type: 'json_schema', json_schema: { schema: 'x' } },
    { type: 'json_schema', json_schema: { schema: [] } },
    'json_object',
  ])('refuses response_format %j', (response_format) => {
    expect(refusal(() => chat({ response_format })).param).toMatch(/^response_format/);
  });

  it('does not repeat a long key to its sender', () => {
    const { param, message } = refusal(() => chat({ structured_outputs: { ['x'.repeat(100_000)]: 1 } }));
    expect(param?.length).toBeLessThan(300);
    expect(message.length).toBeLessThan(600);
  });
});

describe('a body that is no request', () => {
  it.each([null, undefined, [], 'x', 1, true])('refuses %p', (body) => {
    expect(refusal(() => checker.checkChat(body))).toMatchObject({ status: 400, code: 'invalid_json' });
    expect(refusal(() => checker.checkCompletion(body))).toMatchObject({ status: 400, code: 'invalid_json' });
  });
});
