import { eventually } from '#testing/eventually';
import { parseMetrics } from '#testing/simulator';
import { events, open, post, postText, rawExchange, type RawResponse } from './raw-http';
import { needsOtherServer, recordings, type Recording } from './replay';
import { shape, stableHeaders, streamShape } from './shapes';

/**
 * What Tandem relies on of an engine. The same suite runs against the simulator and against a real vLLM: it looks at
 * the protocol, never at what a model says. The engine must serve "tiny-chat" with a context of 2,048 tokens, once
 * with --enable-auto-tool-choice --tool-call-parser hermes and once without.
 */
export interface EngineUnderTest {
  readonly url: string;
}

export type Tools = 'with a tool parser' | 'without a tool parser';

const MODEL = 'tiny-chat';
const CHAT = '/v1/chat/completions';
const HELLO = [{ role: 'user', content: 'Hello, tell me a story.' }];
/** The first request with logprobs compiles for a quarter of a minute on a real engine. */
const SLOW_MS = 120_000;

interface Usage {
  prompt_tokens: number;
  completion_tokens: number;
  total_tokens: number;
}
interface Choice {
  index: number;
  delta: { role?: string; content?: string | null; tool_calls?: ToolCallDelta[] };
  message: { content: string | null; tool_calls?: { function: { name: string; arguments: string } }[] };
  text: string;
  finish_reason: string | null;
  stop_reason: unknown;
  logprobs: { content: { token: string; logprob: number; bytes: number[]; top_logprobs: unknown[] }[] } | null;
}
interface ToolCallDelta {
  index: number;
  id?: string;
  function: { name?: string; arguments?: string };
}
interface Answer {
  id: string;
  choices: Choice[];
  usage: Usage;
  system_fingerprint?: string;
  error?: { message: string; type: string; param: string | null; code: number };
}

const body = (response: RawResponse): Answer => JSON.parse(response.body) as Answer;
const chunksOf = (response: RawResponse): Answer[] =>
  events(response).filter((event): event is Answer => event !== '[DONE]');
const chat = (extra: Record<string, unknown>): Record<string, unknown> => ({ model: MODEL, messages: HELLO, ...extra });
const textOf = (chunks: readonly Answer[]): string =>
  chunks.map((chunk) => chunk.choices[0]?.delta.content ?? '').join('');

/** Vocabulary and ids are the model's, not the protocol's. */
const withoutModel = (text: string): string => text.replace(/Vocabulary size: \d+/, 'Vocabulary size: N');

function expectSame(actual: RawResponse, { response: recorded }: Recording): void {
  expect(actual.status).toBe(recorded.status);
  expect(stableHeaders(actual)).toEqual(stableHeaders(recorded));
  expect(actual.complete).toBe(true);
  if (recorded.chunks.length > 0) {
    expect(streamShape(actual)).toEqual(streamShape(recorded));
  } else if (recorded.status >= 400 || recorded.body === '') {
    expect(withoutModel(actual.body)).toBe(withoutModel(recorded.body));
  } else {
    expect(shape(JSON.parse(actual.body))).toEqual(shape(JSON.parse(recorded.body)));
  }
}

export function engineContract(tools: Tools, engine: () => EngineUnderTest): void {
  const parses = tools === 'with a tool parser';
  const url = (): string => engine().url;
  const metrics = async (): Promise<Record<string, number>> =>
    parseMetrics(await (await fetch(`${url()}/metrics`)).text());
  const running = async (): Promise<number> => (await metrics())['vllm:num_requests_running'] ?? -1;
  const idle = (): Promise<boolean> => eventually(async () => (await running()) === 0, { timeoutMs: 30_000 });
  /** What the counters grew by while `action` ran. */
  async function growth(action: () => Promise<unknown>): Promise<(name: string) => number> {
    await idle();
    const before = await metrics();
    await action();
    await idle();
    const after = await metrics();
    return (name) => (after[name] ?? 0) - (before[name] ?? 0);
  }

  describe('answers as recorded', () => {
    // /v1/messages and /v1/responses are no part of what Tandem calls; an interim response is no response yet. A parser
    // drops the events of tokens that add no text.
    const unlike = parses ? /^chat-(non)?stream-tools|^chat-stream-(logprobs|return-token-ids)$|^stream-string$/ : /^$/;
    const out = /^(get-metrics|raw-expect-100|messages-missing-max|messages-unknown|responses)/;
    const left = (name: string): boolean => !needsOtherServer(name) && !out.test(name) && !unlike.test(name);
    const all = [...recordings('http', left), ...recordings('errors', left)];
    it.each(all.map((item) => [item.name, item] as const))(
      '%s',
      async (_, item) => {
        expectSame(await rawExchange(url(), item.request), item);
      },
      SLOW_MS,
    );
  });

  describe('a stream', () => {
    it('begins with the role, has an event for each token that says something, and ends with usage and [DONE]', async () => {
      const response = await post(
        url(),
        CHAT,
        chat({ max_tokens: 12, ignore_eos: true, stream: true, stream_options: { include_usage: true } }),
      );
      const all = events(response);
      expect(all.at(-1)).toBe('[DONE]');
      const chunks = chunksOf(response);
      expect(chunks[0]?.choices[0]?.delta).toEqual({ role: 'assistant', content: '' });
      const tokens = chunks.slice(1, -1);
      if (!parses) expect(tokens).toHaveLength(12);
      const reasons = tokens.map((chunk) => chunk.choices[0]?.finish_reason);
      expect(reasons).toEqual([...Array<null>(tokens.length - 1).fill(null), 'length']);
      const last = chunks.at(-1)!;
      expect(last.choices).toEqual([]);
      expect(last.usage.completion_tokens).toBe(12);
      expect(last.usage.total_tokens).toBe(last.usage.prompt_tokens + 12);
      expect(chunks.filter((chunk) => chunk.system_fingerprint !== undefined)).toEqual([last]);
    });

    it('is the same text as the answer in one piece, greedily', async () => {
      const request = chat({ max_tokens: 24, temperature: 0 });
      const whole = body(await post(url(), CHAT, request));
      const streamed = chunksOf(await post(url(), CHAT, { ...request, stream: true }));
      expect(textOf(streamed)).toBe(whole.choices[0]?.message.content);
    });

    it('carries the fingerprint on its last choice when no usage was asked for', async () => {
      const chunks = chunksOf(await post(url(), CHAT, chat({ max_tokens: 3, ignore_eos: true, stream: true })));
      const marked = chunks.filter((chunk) => chunk.system_fingerprint !== undefined);
      expect(marked).toEqual([chunks.at(-1)]);
      expect(marked[0]?.choices[0]?.finish_reason).toBe('length');
    });

    it('counts up when continuous usage is asked for', async () => {
      const options = { include_usage: true, continuous_usage_stats: true };
      const request = chat({ max_tokens: 4, ignore_eos: true, stream: true, stream_options: options });
      const chunks = chunksOf(await post(url(), CHAT, request));
      const counts = chunks.map((chunk) => chunk.usage.completion_tokens);
      expect(counts).toEqual(parses ? counts.toSorted((a, b) => a - b) : [0, 1, 2, 3, 4, 4]);
      expect(counts.at(-1)).toBe(4);
    });

    it('has the same id in all events, made of the X-Request-Id', async () => {
      const request = chat({ max_tokens: 3, stream: true });
      const chunks = chunksOf(await post(url(), CHAT, request, { 'X-Request-Id': 'made-by-tandem' }));
      expect(new Set(chunks.map((chunk) => chunk.id))).toEqual(new Set(['chatcmpl-made-by-tandem']));
    });

    it('is broken by nothing when the request was Korean and emoji', async () => {
      const messages = [{ role: 'user', content: '안녕하세요 😀 👩‍👩‍👧 è' }];
      const response = await post(url(), CHAT, { ...chat({ max_tokens: 40, stream: true }), messages });
      expect(response.complete).toBe(true);
      expect(Buffer.from(response.body).toString('utf8')).toBe(response.body);
    });
  });

  describe('n, stop and logprobs', () => {
    it('gives each of n choices its own index and adds their tokens up', async () => {
      const answer = body(await post(url(), CHAT, chat({ n: 3, max_tokens: 5, ignore_eos: true, temperature: 1 })));
      expect(answer.choices.map(({ index }) => index)).toEqual([0, 1, 2]);
      expect(answer.usage.completion_tokens).toBe(15);
    });

    it('streams n choices, every one with its role, its tokens and its end', async () => {
      const chunks = chunksOf(
        await post(url(), CHAT, chat({ n: 2, max_tokens: 4, ignore_eos: true, temperature: 1, stream: true })),
      );
      for (const index of [0, 1]) {
        const own = chunks.flatMap((chunk) => chunk.choices).filter((choice) => choice.index === index);
        if (!parses) expect(own).toHaveLength(5);
        expect(own[0]?.delta.role).toBe('assistant');
        expect(own.at(-1)?.finish_reason).toBe('length');
      }
    });

    it('withholds a stop string and names it', async () => {
      const request = chat({ max_tokens: 30, temperature: 0, ignore_eos: true });
      const text = body(await post(url(), CHAT, request)).choices[0]?.message.content ?? '';
      const stop = text.slice(Math.floor(text.length / 2), Math.floor(text.length / 2) + 4);
      const response = await post(url(), CHAT, { ...request, stop: [stop], stream: true });
      const chunks = chunksOf(response);
      expect(textOf(chunks)).toBe(text.slice(0, text.indexOf(stop)));
      expect(chunks.at(-1)?.choices[0]).toMatchObject({ finish_reason: 'stop', stop_reason: stop });
    });

    it('keeps a stop string that is to be included', async () => {
      const request = chat({ max_tokens: 30, temperature: 0, ignore_eos: true });
      const text = body(await post(url(), CHAT, request)).choices[0]?.message.content ?? '';
      const stop = text.slice(Math.floor(text.length / 2), Math.floor(text.length / 2) + 4);
      const kept = body(await post(url(), CHAT, { ...request, stop: [stop], include_stop_str_in_output: true }));
      expect(kept.choices[0]?.message.content).toBe(text.slice(0, text.indexOf(stop) + stop.length));
    });

    it(
      'gives a logprob for each token',
      async () => {
        const request = chat({ max_tokens: 4, ignore_eos: true, logprobs: true, top_logprobs: 2 });
        const content = body(await post(url(), CHAT, request)).choices[0]?.logprobs?.content ?? [];
        expect(content).toHaveLength(4);
        for (const { logprob, top_logprobs } of content) {
          expect(logprob).toBeLessThanOrEqual(0);
          expect(top_logprobs).toHaveLength(2);
        }
      },
      SLOW_MS,
    );
  });

  describe('tools and formats', () => {
    const tool = {
      type: 'function',
      function: {
        name: 'get_weather',
        description: 'Weather',
        parameters: {
          type: 'object',
          properties: { city: { type: 'string', enum: ['Seoul', '서울'] } },
          required: ['city'],
          additionalProperties: false,
        },
      },
    };

    if (parses)
      it('streams a named tool call: the name once, then the arguments in pieces', async () => {
        const choice = { type: 'function', function: { name: 'get_weather' } };
        const request = chat({ tools: [tool], tool_choice: choice, max_tokens: 200, stream: true });
        const chunks = chunksOf(await post(url(), CHAT, request));
        const calls = chunks.flatMap((chunk) => chunk.choices).flatMap(({ delta }) => delta.tool_calls ?? []);
        expect(calls[0]).toMatchObject({ index: 0, type: 'function', function: { name: 'get_weather' } });
        expect(calls[0]?.id).toMatch(/^chatcmpl-tool-/);
        expect(calls.slice(1).every((call) => call.function.name === undefined && call.id === undefined)).toBe(true);
        expect(calls.length).toBeGreaterThan(1);
      });

    if (parses)
      it('streams a forced call in the format of the model as tool_calls', async () => {
        const regex =
          '<tool_call>\\n\\{"name": "get_weather", "arguments": \\{"city": "(Seoul|서울)"\\}\\}\\n</tool_call>';
        const messages = [{ role: 'user', content: 'Weather in Seoul?' }];
        const request = { ...chat({ tools: [tool], tool_choice: 'auto', max_tokens: 120, stream: true }), messages };
        const chunks = chunksOf(await post(url(), CHAT, { ...request, structured_outputs: { regex } }));
        const choices = chunks.flatMap((chunk) => chunk.choices);
        const json = choices
          .flatMap(({ delta }) => delta.tool_calls ?? [])
          .map((call) => call.function.arguments ?? '')
          .join('');
        expect(JSON.parse(json)).toMatchObject({ city: expect.stringMatching(/^(Seoul|서울)$/) as unknown });
        expect(choices.at(-1)?.finish_reason).toBe('tool_calls');
      });

    it('answers with a choice, and with JSON, when it must', async () => {
      const choice = body(
        await post(url(), CHAT, chat({ max_tokens: 16, structured_outputs: { choice: ['yes', 'no'] } })),
      );
      expect(['yes', 'no']).toContain(choice.choices[0]?.message.content);
      const schema = {
        type: 'object',
        properties: { ok: { type: 'boolean' } },
        required: ['ok'],
        additionalProperties: false,
      };
      const format = { type: 'json_schema', json_schema: { name: 'a', schema } };
      const json = body(await post(url(), CHAT, chat({ max_tokens: 300, response_format: format })));
      if (json.choices[0]?.finish_reason === 'stop') {
        expect(JSON.parse(json.choices[0].message.content ?? '')).toEqual({ ok: expect.any(Boolean) as unknown });
      }
    });
  });

  describe('tokens', () => {
    it('turns text into tokens and back', async () => {
      const prompt = '안녕하세요 server, {"a": 1}\n';
      const { tokens, count } = JSON.parse((await post(url(), '/tokenize', { model: MODEL, prompt })).body) as {
        tokens: number[];
        count: number;
      };
      expect(tokens).toHaveLength(count);
      const back = JSON.parse((await post(url(), '/detokenize', { model: MODEL, tokens })).body) as { prompt: string };
      expect(back.prompt).toBe(prompt);
    });

    it('counts a prompt as /tokenize does', async () => {
      const { count } = JSON.parse((await post(url(), '/tokenize', chat({}))).body) as { count: number };
      const answer = body(await post(url(), CHAT, chat({ max_tokens: 1 })));
      expect(answer.usage.prompt_tokens).toBe(count);
    });
  });

  describe('counters', () => {
    const stream = (extra: Record<string, unknown>): Record<string, unknown> =>
      chat({ stream: true, stream_options: { include_usage: true }, ...extra });

    it('agree with usage, streamed or not', async () => {
      for (const request of [chat({ max_tokens: 9 }), stream({ max_tokens: 9 })]) {
        let usage: Usage | undefined;
        const grew = await growth(async () => {
          const response = await post(url(), CHAT, request);
          usage = response.chunks.length > 0 ? chunksOf(response).at(-1)?.usage : body(response).usage;
        });
        expect(grew('vllm:prompt_tokens_total')).toBe(usage?.prompt_tokens);
        expect(grew('vllm:generation_tokens_total')).toBe(usage?.completion_tokens);
        expect(grew('vllm:request_success_total')).toBe(1);
      }
    });

    it('count the prompt once for each of n choices', async () => {
      let usage: Usage | undefined;
      const grew = await growth(async () => {
        usage = body(await post(url(), CHAT, chat({ n: 3, max_tokens: 4, temperature: 1 }))).usage;
      });
      expect(grew('vllm:prompt_tokens_total')).toBe(3 * (usage?.prompt_tokens ?? 0));
      expect(grew('vllm:generation_tokens_total')).toBe(usage?.completion_tokens);
    });

    it('do not move for a request that is refused', async () => {
      const grew = await growth(() => post(url(), CHAT, chat({ max_tokens: 0 })));
      expect(grew('vllm:prompt_tokens_total')).toBe(0);
      expect(grew('vllm:request_success_total')).toBe(0);
    });

    it('show that streams which run together share their steps', async () => {
      const grew = await growth(() =>
        Promise.all(Array.from({ length: 8 }, () => post(url(), CHAT, stream({ max_tokens: 48, ignore_eos: true })))),
      );
      expect(grew('vllm:generation_tokens_total')).toBe(8 * 48);
      // 48 steps if all of them were in one; the requests do not arrive at the same instant.
      expect(grew('vllm:iteration_tokens_total_count')).toBeLessThan(4 * 48);
    });
  });

  describe('a client that leaves', () => {
    const endless = { max_tokens: 1900, ignore_eos: true, temperature: 1 };
    const cases: [string, Record<string, unknown>, (socket: Awaited<ReturnType<typeof open>>) => void][] = [
      ['a stream, closed', { ...endless, stream: true }, (socket) => socket.destroy()],
      ['a stream, reset', { ...endless, stream: true }, (socket) => socket.resetAndDestroy()],
      ['a stream, half-closed', { ...endless, stream: true }, (socket) => socket.end()],
      ['four choices, closed', { ...endless, stream: true, n: 4 }, (socket) => socket.destroy()],
      ['an answer in one piece, closed', endless, (socket) => socket.destroy()],
    ];
    it.each(cases)('frees its place: %s', async (_, request, leave) => {
      await idle();
      const before = await metrics();
      const socket = await open(url());
      socket.resume();
      socket.write(postText(CHAT, chat(request)));
      await eventually(async () => (await running()) > 0);
      leave(socket);
      await eventually(async () => (await running()) === 0, { timeoutMs: 2_000 });
      socket.destroy();
      const after = await metrics();
      const abort = Object.keys(after).filter(
        (name) => name.includes('finished_reason="abort"') && name.includes('success_total'),
      );
      expect(abort.length).toBeGreaterThan(0);
      for (const name of abort) expect(after[name]).toBe(0);
      expect(after['vllm:request_success_total']).toBe(before['vllm:request_success_total']);
      expect(after['vllm:generation_tokens_total']).toBeGreaterThan(before['vllm:generation_tokens_total'] ?? 0);
    });

    it('holds nobody up when it only stops reading', async () => {
      await idle();
      const generated = async (): Promise<number> => (await metrics())['vllm:generation_tokens_total'] ?? 0;
      const before = await generated();
      const socket = await open(url());
      socket.pause();
      socket.write(postText(CHAT, chat({ ...endless, max_tokens: 300, stream: true })));
      await eventually(async () => (await generated()) > before);
      const other = body(await post(url(), CHAT, chat({ max_tokens: 8, ignore_eos: true })));
      expect(other.usage.completion_tokens).toBe(8);
      await idle();
      socket.destroy();
    });
  });
}
