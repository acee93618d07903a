import { CHAT, HELLO, MESSAGES, MODEL, body, chat, type EngineClient } from '../engine-client';
import { namedEvents, post } from '../raw-http';

interface Message {
  id: string;
  type: string;
  content: { type: string; text?: string; name?: string; input?: unknown }[];
  stop_reason: string;
  stop_sequence?: string;
  usage: { input_tokens: number; output_tokens: number };
  error?: { type: string; message: string };
}
interface Event {
  index?: number;
  message?: Message;
  content_block?: { type: string; name?: string };
  delta?: { type?: string; text?: string; partial_json?: string; stop_reason?: string };
  usage?: Message['usage'];
}

/** Anthropic's messages, which an engine serves besides OpenAI's API. */
export function messages(engine: EngineClient): void {
  const ask = (extra: Record<string, unknown> = {}): Record<string, unknown> => ({
    model: MODEL,
    messages: HELLO,
    max_tokens: 12,
    ...extra,
  });
  const send = async (request: Record<string, unknown>, path = MESSAGES): Promise<Message> =>
    JSON.parse((await post(engine.url, path, request)).body) as Message;
  const stream = async (request: Record<string, unknown>): Promise<{ name: string; data: Event }[]> =>
    namedEvents(await post(engine.url, MESSAGES, { ...request, stream: true }));

  describe('messages', () => {
    it('are streamed as one block between the start and the stop of the message', async () => {
      const all = await stream(ask());
      const names = all.map(({ name }) => name);
      const deltas = names.filter((name) => name === 'content_block_delta');
      expect(names).toEqual([
        'message_start',
        'content_block_start',
        ...deltas,
        'content_block_stop',
        'message_delta',
        'message_stop',
      ]);
      expect(all.map(({ data }) => data.index)).toEqual(
        names.map((name) => (name.startsWith('content') ? 0 : undefined)),
      );
      expect(all[0]?.data.message?.usage.output_tokens).toBe(0);
    });

    it('say the same streamed, in one piece and as a chat, greedily', async () => {
      const whole = await send(ask({ temperature: 0 }));
      const streamed = await stream(ask({ temperature: 0 }));
      const text = streamed.map(({ data }) => data.delta?.text ?? '').join('');
      expect(text).toBe(whole.content[0]?.text);
      const { choices } = body(await post(engine.url, CHAT, chat({ temperature: 0, max_tokens: 12 })));
      expect(text).toBe(choices[0]?.message.content);
    });

    it('cost what their usage says, and what count_tokens said before', async () => {
      const { input_tokens: counted } = (await send(ask(), `${MESSAGES}/count_tokens`)) as unknown as {
        input_tokens: number;
      };
      for (const streamed of [false, true]) {
        let usage: Message['usage'] | undefined;
        const grew = await engine.growth(async () => {
          usage = streamed ? (await stream(ask())).at(-2)?.data.usage : (await send(ask())).usage;
        });
        expect(usage?.input_tokens).toBe(counted);
        expect(grew('vllm:prompt_tokens_total')).toBe(counted);
        expect(grew('vllm:generation_tokens_total')).toBe(usage?.output_tokens);
        expect(grew('vllm:request_success_total')).toBe(1);
      }
    });

    it('have an id made of the X-Request-Id', async () => {
      const { id } = JSON.parse(
        (await post(engine.url, MESSAGES, ask(), { 'X-Request-Id': 'made-by-tandem' })).body,
      ) as Message;
      expect(id).toBe('chatcmpl-made-by-tandem');
    });

    it('name the stop sequence that ended them', async () => {
      const request = ask({ max_tokens: 30, temperature: 0 });
      const text = (await send(request)).content[0]?.text ?? '';
      const stop = text.slice(Math.floor(text.length / 2), Math.floor(text.length / 2) + 4);
      const answer = await send({ ...request, stop_sequences: [stop] });
      expect(answer).toMatchObject({ stop_reason: 'stop_sequence', stop_sequence: stop });
      expect(answer.content[0]?.text).toBe(text.slice(0, text.indexOf(stop)));
    });

    it('are the same prompt in blocks and with a system prompt as in a chat', async () => {
      const conversation = [
        { role: 'user', content: [{ type: 'text', text: 'Weather in Seoul?' }] },
        { role: 'assistant', content: [{ type: 'text', text: 'Let me see.' }] },
        { role: 'user', content: 'Well?' },
      ];
      const { usage } = await send(ask({ system: [{ type: 'text', text: 'Be brief.' }], messages: conversation }));
      const asChat = [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: 'Weather in Seoul?' },
        { role: 'assistant', content: 'Let me see.' },
        { role: 'user', content: 'Well?' },
      ];
      const answer = body(await post(engine.url, CHAT, { model: MODEL, messages: asChat, max_tokens: 1 }));
      expect(usage.input_tokens).toBe(answer.usage.prompt_tokens);
    });

    it.each<[string, Record<string, unknown>, string, string | null]>([
      ['no positive max_tokens', { max_tokens: 0 }, 'Bad Request', 'body.max_tokens'],
      [
        'a role that does not exist',
        { messages: [{ role: 'tool', content: 'x' }] },
        'Bad Request',
        'body.messages.0.role',
      ],
      [
        'content that is a number',
        { messages: [{ role: 'user', content: 1 }] },
        'Bad Request',
        'body.messages.0.content',
      ],
      ['five stop sequences', { stop_sequences: ['a', 'b', 'c', 'd', 'e'] }, 'Bad Request', 'body.stop_sequences'],
      ['a tool without a schema', { tools: [{ name: 'x' }] }, 'Bad Request', 'body.tools.0.input_schema'],
    ])('are refused as OpenAI would for a field that is wrong: %s', async (_, extra, type, param) => {
      const response = await post(engine.url, MESSAGES, ask(extra));
      expect(response.status).toBe(400);
      expect(body(response).error).toMatchObject({ type, param, code: 400 });
    });

    it.each<[string, Record<string, unknown>, string]>([
      ['a temperature out of range', { temperature: 5 }, 'temperature must be in [0, 2]'],
      [
        'more than the context',
        { max_tokens: 5000 },
        'max_completion_tokens=5000 cannot be greater than max_model_len=2048',
      ],
      ['no messages', { messages: [] }, 'empty conversation'],
    ])('are refused as Anthropic would for what a chat refuses: %s', async (_, extra, message) => {
      const response = await post(engine.url, MESSAGES, ask(extra));
      expect(response.status).toBe(400);
      const answer = JSON.parse(response.body) as Message;
      expect(answer).toMatchObject({ type: 'error', error: { type: 'BadRequestError' } });
      expect(answer.error?.message).toContain(message);
    });

    if (engine.parses)
      it('call a tool in a block of its own, its input in pieces', async () => {
        const schema = {
          type: 'object',
          properties: { city: { type: 'string', enum: ['Seoul', '서울'] } },
          required: ['city'],
          additionalProperties: false,
        };
        const tools = [{ name: 'get_weather', description: 'Weather', input_schema: schema }];
        const request = ask({ max_tokens: 200, tools, tool_choice: { type: 'tool', name: 'get_weather' } });
        const all = await stream(request);
        expect(all[1]?.data.content_block).toMatchObject({ type: 'tool_use', name: 'get_weather', input: {} });
        const pieces = all.filter(({ data }) => data.delta?.type === 'input_json_delta');
        expect(pieces.length).toBeGreaterThan(0);
        // What the input says is the model's affair: vLLM does not hold it to the schema here.
        expect(['tool_use', 'max_tokens']).toContain(all.at(-2)?.data.delta?.stop_reason);
      });
  });
}
