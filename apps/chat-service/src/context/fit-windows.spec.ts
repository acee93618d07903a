import fc from 'fast-check';
import { fitWindows, surelyFits, type Fit, type WindowedPrompt } from './fit-windows';

const CONTEXT = 8_192;
const FIXED = 'Complete the code. ';

const rendered =
  (text: string) =>
  (share: number): WindowedPrompt => {
    const shown = text.slice(0, Math.floor(text.length * share));
    return { request: { prompt: FIXED + shown }, windowChars: shown.length };
  };

describe('a prompt that may be too long for the model', () => {
  it('and its answer are within the context, however dense the text is', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: 16_000 }),
        fc.double({ min: 0.2, max: 3, noNaN: true }),
        fc.integer({ min: 1, max: 4_096 }),
        async (chars, tokensAChar, tokens) => {
          const render = rendered('x'.repeat(chars));
          const count = ({ prompt }: WindowedPrompt['request']): Promise<number> =>
            Promise.resolve(Math.ceil((prompt as string).length * tokensAChar));
          const least = Math.ceil(tokens / 2);
          const { share, maxTokens } = await fitWindows(CONTEXT, { tokens, least }, render, count);
          const used = await count(render(share).request);
          expect(used + maxTokens).toBeLessThanOrEqual(CONTEXT);
          expect(maxTokens).toBeGreaterThanOrEqual(least);
          expect(maxTokens).toBeLessThanOrEqual(tokens);
        },
      ),
    );
  });

  it('is shown whole, and has all of its answer, where there is room', async () => {
    const fit = await fitWindows(CONTEXT, { tokens: 256, least: 128 }, rendered('x'.repeat(900)), () =>
      Promise.resolve(900),
    );
    expect(fit).toEqual<Fit>({ share: 1, maxTokens: 256 });
  });

  it('has a shorter answer before less of it is shown', async () => {
    const fit = await fitWindows(CONTEXT, { tokens: 4_096, least: 2_048 }, rendered('x'.repeat(9_000)), () =>
      Promise.resolve(6_000),
    );
    expect(fit).toEqual<Fit>({ share: 1, maxTokens: 2_192 });
  });

  it('is cut where the engine does not even count it', async () => {
    const count = ({ prompt }: WindowedPrompt['request']): Promise<number> =>
      Promise.resolve((prompt as string).length > CONTEXT ? Infinity : (prompt as string).length);
    const { share } = await fitWindows(CONTEXT, { tokens: 256, least: 256 }, rendered('x'.repeat(50_000)), count);
    expect(share).toBeGreaterThan(0.05);
    expect(share).toBeLessThan(0.17);
  });

  it('is left to the engine where nothing can be cut, and where the engine does not count', async () => {
    const answer = { tokens: 256, least: 128 };
    expect(await fitWindows(CONTEXT, answer, rendered(''), () => Promise.resolve(9_000))).toEqual<Fit>({
      share: 1,
      maxTokens: 256,
    });
    expect(await fitWindows(CONTEXT, answer, rendered('x'), () => Promise.resolve(null))).toEqual<Fit>({
      share: 1,
      maxTokens: 256,
    });
  });

  it('need not be counted while its bytes fit', () => {
    expect(surelyFits({ prompt: 'x'.repeat(5_000) }, 256, CONTEXT)).toBe(true);
    expect(surelyFits({ prompt: '한'.repeat(2_500) }, 256, CONTEXT)).toBe(false);
  });
});
