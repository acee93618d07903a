import { CHAT, body, chat, chunksOf, textOf, type EngineClient } from '../engine-client';
import { events, post } from '../raw-http';

/** The events of a stream: their order, framing and usage. */
export function streams(engine: EngineClient): void {
  describe('a stream', () => {
    it('begins with the role, has an event for each token that says something, and ends with usage and [DONE]', async () => {
      const response = await post(
        engine.url,
        CHAT,
        chat({ max_tokens: 12, ignore_eos: true, stream: true, stream_options: { include_usage: true } }),
      );
      const all = events(response);
      expect(all.at(-1)).toBe('[DONE]');
      const chunks = chunksOf(response);
      expect(chunks[0]?.choices[0]?.delta).toEqual({ role: 'assistant', content: '' });
      const tokens = chunks.slice(1, -1);
      // Fewer than tokens: where a parser drops empty ones, and where the engine is ahead of its server.
      expect(tokens.length).toBeLessThanOrEqual(12);
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
      const whole = body(await post(engine.url, CHAT, request));
      const streamed = chunksOf(await post(engine.url, CHAT, { ...request, stream: true }));
      expect(textOf(streamed)).toBe(whole.choices[0]?.message.content);
    });

    it('carries the fingerprint on its last choice when no usage was asked for', async () => {
      const chunks = chunksOf(await post(engine.url, CHAT, chat({ max_tokens: 3, ignore_eos: true, stream: true })));
      const marked = chunks.filter((chunk) => chunk.system_fingerprint !== undefined);
      expect(marked).toEqual([chunks.at(-1)]);
      expect(marked[0]?.choices[0]?.finish_reason).toBe('length');
    });

    it('counts up when continuous usage is asked for', async () => {
      const options = { include_usage: true, continuous_usage_stats: true };
      const request = chat({ max_tokens: 4, ignore_eos: true, stream: true, stream_options: options });
      const chunks = chunksOf(await post(engine.url, CHAT, request));
      const counts = chunks.map((chunk) => chunk.usage.completion_tokens);
      expect(counts).toEqual(counts.toSorted((a, b) => a - b));
      expect(counts[0]).toBe(0);
      expect(counts.at(-1)).toBe(4);
    });

    it('has the same id in all events, made of the X-Request-Id', async () => {
      const request = chat({ max_tokens: 3, stream: true });
      const chunks = chunksOf(await post(engine.url, CHAT, request, { 'X-Request-Id': 'made-by-tandem' }));
      expect(new Set(chunks.map((chunk) => chunk.id))).toEqual(new Set(['chatcmpl-made-by-tandem']));
    });

    it('is broken by nothing when the request was Korean and emoji', async () => {
      const messages = [{ role: 'user', content: '안녕하세요 😀 👩‍👩‍👧 è' }];
      const response = await post(engine.url, CHAT, { ...chat({ max_tokens: 40, stream: true }), messages });
      expect(response.complete).toBe(true);
      expect(Buffer.from(response.body).toString('utf8')).toBe(response.body);
    });
  });
}
