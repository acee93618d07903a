import { CHAT, SLOW_MS, body, chat, chunksOf, textOf, type EngineClient } from '../engine-client';
import { post } from '../raw-http';

/** n, stop strings, logprobs. */
export function choices(engine: EngineClient): void {
  describe('n, stop and logprobs', () => {
    it('gives each of n choices its own index and adds their tokens up', async () => {
      const answer = body(
        await post(engine.url, CHAT, chat({ n: 3, max_tokens: 5, ignore_eos: true, temperature: 1 })),
      );
      expect(answer.choices.map(({ index }) => index)).toEqual([0, 1, 2]);
      expect(answer.usage.completion_tokens).toBe(15);
    });

    it('streams n choices, every one with its role, its tokens and its end', async () => {
      const chunks = chunksOf(
        await post(engine.url, CHAT, chat({ n: 2, max_tokens: 4, ignore_eos: true, temperature: 1, stream: true })),
      );
      for (const index of [0, 1]) {
        const own = chunks.flatMap((chunk) => chunk.choices).filter((choice) => choice.index === index);
        expect(own.length).toBeLessThanOrEqual(5);
        expect(own[0]?.delta.role).toBe('assistant');
        expect(own.at(-1)?.finish_reason).toBe('length');
      }
    });

    it('withholds a stop string and names it', async () => {
      const request = chat({ max_tokens: 30, temperature: 0, ignore_eos: true });
      const text = body(await post(engine.url, CHAT, request)).choices[0]?.message.content ?? '';
      const stop = text.slice(Math.floor(text.length / 2), Math.floor(text.length / 2) + 4);
      const response = await post(engine.url, CHAT, { ...request, stop: [stop], stream: true });
      const chunks = chunksOf(response);
      expect(textOf(chunks)).toBe(text.slice(0, text.indexOf(stop)));
      expect(chunks.at(-1)?.choices[0]).toMatchObject({ finish_reason: 'stop', stop_reason: stop });
    });

    it('keeps a stop string that is to be included', async () => {
      const request = chat({ max_tokens: 30, temperature: 0, ignore_eos: true });
      const text = body(await post(engine.url, CHAT, request)).choices[0]?.message.content ?? '';
      const stop = text.slice(Math.floor(text.length / 2), Math.floor(text.length / 2) + 4);
      const kept = body(await post(engine.url, CHAT, { ...request, stop: [stop], include_stop_str_in_output: true }));
      expect(kept.choices[0]?.message.content).toBe(text.slice(0, text.indexOf(stop) + stop.length));
    });

    it(
      'gives a logprob for each token',
      async () => {
        const request = chat({ max_tokens: 4, ignore_eos: true, logprobs: true, top_logprobs: 2 });
        const content = body(await post(engine.url, CHAT, request)).choices[0]?.logprobs?.content ?? [];
        expect(content).toHaveLength(4);
        for (const { logprob, top_logprobs } of content) {
          expect(logprob).toBeLessThanOrEqual(0);
          expect(top_logprobs).toHaveLength(2);
        }
      },
      SLOW_MS,
    );
  });
}
