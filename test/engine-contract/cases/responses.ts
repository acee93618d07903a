import { CHAT, HELLO, MODEL, RESPONSES, body, chat, type EngineClient } from '../engine-client';
import { namedEvents, post, rawExchange } from '../raw-http';

interface Response {
  id: string;
  status: string;
  incomplete_details: { reason: string } | null;
  output: { type: string; content: { type: string; text: string }[] }[];
  max_output_tokens: number;
  usage: { input_tokens: number; output_tokens: number; total_tokens: number };
  temperature: number;
}
interface Event {
  type: string;
  sequence_number: number;
  response?: Response;
  delta?: string;
  text?: string;
  item_id?: string;
}

const textOf = (response: Response | undefined): string | undefined => response?.output[0]?.content[0]?.text;

/** OpenAI's responses, which an engine serves without a store unless it is told to. */
export function responses(engine: EngineClient): void {
  const ask = (extra: Record<string, unknown> = {}): Record<string, unknown> => ({
    model: MODEL,
    input: 'Hello, tell me a story.',
    max_output_tokens: 12,
    ...extra,
  });
  const send = async (request: Record<string, unknown>): Promise<Response> =>
    JSON.parse((await post(engine.url, RESPONSES, request)).body) as Response;
  const stream = async (request: Record<string, unknown>): Promise<Event[]> => {
    const all = namedEvents(await post(engine.url, RESPONSES, { ...request, stream: true }));
    for (const { name, data } of all) expect(data['type']).toBe(name);
    return all.map(({ data }) => data as unknown as Event);
  };

  describe('responses', () => {
    it('are streamed as one item with one part, every event numbered', async () => {
      const all = await stream(ask());
      const types = all.map(({ type }) => type.replace(/^response\./, ''));
      const deltas = types.filter((type) => type === 'output_text.delta');
      expect(deltas.length).toBeGreaterThan(0);
      const opening = ['created', 'in_progress', 'output_item.added', 'content_part.added'];
      const closing = ['output_text.done', 'content_part.done', 'output_item.done', 'completed'];
      expect(types).toEqual([...opening, ...deltas, ...closing]);
      expect(all.map((event) => event.sequence_number)).toEqual(all.map((_, index) => index));
      expect(new Set(all.flatMap((event) => event.item_id ?? [])).size).toBe(1);
    });

    it('say the same streamed, in one piece and as a chat, greedily', async () => {
      const whole = await send(ask({ temperature: 0 }));
      const streamed = await stream(ask({ temperature: 0 }));
      const text = streamed.flatMap(({ type, delta }) => (type.endsWith('text.delta') ? [delta] : [])).join('');
      expect(text).toBe(textOf(whole));
      expect(text).toBe(streamed.find(({ type }) => type.endsWith('text.done'))?.text);
      expect(text).toBe(textOf(streamed.at(-1)?.response));
      const { choices } = body(await post(engine.url, CHAT, chat({ temperature: 0, max_tokens: 12 })));
      expect(text).toBe(choices[0]?.message.content);
      expect(whole.temperature).toBe(0);
    });

    it('cost what their usage says', async () => {
      for (const streamed of [false, true]) {
        let answer: Response | undefined;
        const grew = await engine.growth(async () => {
          answer = streamed ? (await stream(ask())).at(-1)?.response : await send(ask());
        });
        expect(grew('vllm:prompt_tokens_total')).toBe(answer?.usage.input_tokens);
        expect(grew('vllm:generation_tokens_total')).toBe(answer?.usage.output_tokens);
        expect(grew('vllm:request_success_total')).toBe(1);
      }
    });

    it('say that they are incomplete when they were cut', async () => {
      const cut = await send(ask({ max_output_tokens: 3, ignore_eos: true }));
      expect(cut).toMatchObject({ status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' } });
      expect(cut.usage.output_tokens).toBe(3);
    });

    it('may be as long as the context has room, and say so', async () => {
      const { usage, max_output_tokens } = await send(ask({ max_output_tokens: 2048, stop: ['e', 'a', ' '] }));
      expect(max_output_tokens).toBe(2048 - usage.input_tokens);
    });

    it('are the same prompt as a chat with instructions and a list of messages', async () => {
      const input = [{ role: 'user', content: [{ type: 'input_text', text: HELLO[0]?.content }] }];
      const { usage } = await send(ask({ input, instructions: 'Be brief.' }));
      const asChat = [{ role: 'system', content: 'Be brief.' }, ...HELLO];
      const answer = body(await post(engine.url, CHAT, { model: MODEL, messages: asChat, max_tokens: 1 }));
      expect(usage.input_tokens).toBe(answer.usage.prompt_tokens);
    });

    it('give the id that was asked for', async () => {
      expect((await send(ask({ request_id: 'resp_made-by-tandem' }))).id).toBe('resp_made-by-tandem');
    });

    it.each<[string, Record<string, unknown>, number, Record<string, unknown>]>([
      ['the background', { background: true }, 400, { type: 'invalid_request_error', param: 'background' }],
      ['a background without a store', { background: true, store: false }, 400, { param: 'background' }],
      ['a prompt template', { prompt: { id: 'x' } }, 400, { type: 'BadRequestError', param: 'prompt' }],
      ['a previous response', { previous_response_id: 'resp_x' }, 404, { param: 'response_id', code: 404 }],
      ['a tool that is required of none', { tool_choice: 'required' }, 400, { param: 'tool_choice' }],
      ['no output', { max_output_tokens: 0 }, 400, { type: 'BadRequestError', param: 'max_tokens' }],
      ['more than the context', { max_output_tokens: 5000 }, 400, { param: 'max_output_tokens' }],
      ['input that is a number', { input: 5 }, 400, { type: 'Bad Request', param: 'body.input' }],
    ])('are refused: %s', async (_, extra, status, error) => {
      const response = await post(engine.url, RESPONSES, ask(extra));
      expect(response.status).toBe(status);
      expect(body(response).error).toMatchObject(error);
    });

    it('cannot be got or cancelled afterwards', async () => {
      const { id } = await send(ask());
      for (const line of [`GET ${RESPONSES}/${id}`, `POST ${RESPONSES}/${id}/cancel`]) {
        const response = await rawExchange(engine.url, `${line} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
        expect(response.status).toBe(404);
        expect(body(response).error).toEqual({
          message: `Response with id '${id}' not found.`,
          type: 'invalid_request_error',
          param: 'response_id',
          code: 404,
        });
      }
    });

    it.each(['messages', 'responses', 'completions', 'chat/completions'])(
      'and other answers are not rendered unless scale-out is enabled: %s',
      async (api) => {
        const response = await post(engine.url, `/v1/${api}/render`, ask());
        expect(response.status).toBe(403);
        expect(body(response).error).toMatchObject({ type: 'PermissionDeniedError', code: 403 });
      },
    );
  });
}
