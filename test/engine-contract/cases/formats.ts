import { CHAT, MODEL, body, chat, chunksOf, type EngineClient } from '../engine-client';
import { post } from '../raw-http';

/** Tool calls, constrained answers, tokens. */
export function formats(engine: EngineClient): void {
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

    if (engine.parses)
      it('streams a named tool call: the name once, then the arguments in pieces', async () => {
        const choice = { type: 'function', function: { name: 'get_weather' } };
        const request = chat({ tools: [tool], tool_choice: choice, max_tokens: 200, stream: true });
        const chunks = chunksOf(await post(engine.url, CHAT, request));
        const calls = chunks.flatMap((chunk) => chunk.choices).flatMap(({ delta }) => delta.tool_calls ?? []);
        expect(calls[0]).toMatchObject({ index: 0, type: 'function', function: { name: 'get_weather' } });
        expect(calls[0]?.id).toMatch(/^chatcmpl-tool-/);
        expect(calls.slice(1).every((call) => call.function.name === undefined && call.id === undefined)).toBe(true);
        expect(calls.length).toBeGreaterThan(1);
      });

    if (engine.parses)
      it('streams a forced call in the format of the model as tool_calls', async () => {
        const regex =
          '<tool_call>\\n\\{"name": "get_weather", "arguments": \\{"city": "(Seoul|서울)"\\}\\}\\n</tool_call>';
        const messages = [{ role: 'user', content: 'Weather in Seoul?' }];
        const request = { ...chat({ tools: [tool], tool_choice: 'auto', max_tokens: 120, stream: true }), messages };
        const chunks = chunksOf(await post(engine.url, CHAT, { ...request, structured_outputs: { regex } }));
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
        await post(engine.url, CHAT, chat({ max_tokens: 16, structured_outputs: { choice: ['yes', 'no'] } })),
      );
      expect(['yes', 'no']).toContain(choice.choices[0]?.message.content);
      const schema = {
        type: 'object',
        properties: { ok: { type: 'boolean' } },
        required: ['ok'],
        additionalProperties: false,
      };
      const format = { type: 'json_schema', json_schema: { name: 'a', schema } };
      const json = body(await post(engine.url, CHAT, chat({ max_tokens: 300, response_format: format })));
      if (json.choices[0]?.finish_reason === 'stop') {
        expect(JSON.parse(json.choices[0].message.content ?? '')).toEqual({ ok: expect.any(Boolean) as unknown });
      }
    });
  });

  describe('tokens', () => {
    it('turns text into tokens and back', async () => {
      const prompt = '안녕하세요 server, {"a": 1}\n';
      const { tokens, count } = JSON.parse((await post(engine.url, '/tokenize', { model: MODEL, prompt })).body) as {
        tokens: number[];
        count: number;
      };
      expect(tokens).toHaveLength(count);
      const back = JSON.parse((await post(engine.url, '/detokenize', { model: MODEL, tokens })).body) as {
        prompt: string;
      };
      expect(back.prompt).toBe(prompt);
    });

    it('counts a prompt as /tokenize does', async () => {
      const { count } = JSON.parse((await post(engine.url, '/tokenize', chat({}))).body) as { count: number };
      const answer = body(await post(engine.url, CHAT, chat({ max_tokens: 1 })));
      expect(answer.usage.prompt_tokens).toBe(count);
    });
  });
}
