import { CHAT, body, chat, chunksOf, type Usage, type EngineClient } from '../engine-client';
import { post } from '../raw-http';

/** Counters against usage. */
export function counters(engine: EngineClient): void {
  describe('counters', () => {
    const stream = (extra: Record<string, unknown>): Record<string, unknown> =>
      chat({ stream: true, stream_options: { include_usage: true }, ...extra });

    it('agree with usage, streamed or not', async () => {
      for (const request of [chat({ max_tokens: 9 }), stream({ max_tokens: 9 })]) {
        let usage: Usage | undefined;
        const grew = await engine.growth(async () => {
          const response = await post(engine.url, CHAT, request);
          usage = response.chunks.length > 0 ? chunksOf(response).at(-1)?.usage : body(response).usage;
        });
        expect(grew('vllm:prompt_tokens_total')).toBe(usage?.prompt_tokens);
        expect(grew('vllm:generation_tokens_total')).toBe(usage?.completion_tokens);
        expect(grew('vllm:request_success_total')).toBe(1);
      }
    });

    it('count the prompt once for each of n choices', async () => {
      let usage: Usage | undefined;
      const grew = await engine.growth(async () => {
        usage = body(await post(engine.url, CHAT, chat({ n: 3, max_tokens: 4, temperature: 1 }))).usage;
      });
      expect(grew('vllm:prompt_tokens_total')).toBe(3 * (usage?.prompt_tokens ?? 0));
      expect(grew('vllm:generation_tokens_total')).toBe(usage?.completion_tokens);
    });

    it('do not move for a request that is refused', async () => {
      const grew = await engine.growth(() => post(engine.url, CHAT, chat({ max_tokens: 0 })));
      expect(grew('vllm:prompt_tokens_total')).toBe(0);
      expect(grew('vllm:request_success_total')).toBe(0);
    });

    it('show that streams which run together share their steps', async () => {
      // Long enough to overlap: a real API server was seen to need 70 ms to hand over each request.
      const tokens = 400;
      const grew = await engine.growth(() =>
        Promise.all(
          Array.from({ length: 8 }, () => post(engine.url, CHAT, stream({ max_tokens: tokens, ignore_eos: true }))),
        ),
      );
      expect(grew('vllm:generation_tokens_total')).toBe(8 * tokens);
      // As many steps as tokens of one stream if all arrived at one instant, eight times as many if none shared one.
      expect(grew('vllm:iteration_tokens_total_count')).toBeLessThan(6 * tokens);
    });
  });
}
