import fc from 'fast-check';
import { fitContext, type Context, type EngineMessage } from './fit-context';

const say = (role: string, content: string): EngineMessage => ({ role, content });
/** A tokenizer of a test: a token a character, four more a message. */
const size = (messages: readonly EngineMessage[]): number =>
  messages.reduce((sum, { content }) => sum + String(content).length + 4, 0);

function contextOf(turnSizes: readonly number[], question: number, system = 0): Context {
  return {
    system: system === 0 ? [] : [say('system', 's'.repeat(system))],
    turns: turnSizes.map((chars) => [say('user', 'u'.repeat(chars)), say('assistant', 'a'.repeat(chars))]),
    question: [say('user', 'q'.repeat(question))],
  };
}

describe('what fits the context of a model', () => {
  it('all of it, and nobody counts, when it has fewer bytes than there is room', async () => {
    const context = contextOf([10, 10], 10);
    const fitted = await fitContext(context, { contextTokens: 8_192, maxTokens: null }, () => {
      throw new Error('counted');
    });
    expect(fitted).toEqual({
      messages: [...context.turns.flat(), ...context.question],
      droppedTurns: 0,
      promptTokens: null,
    });
  });

  it('as many of the newest turns as there is room for, one more would be too many, whatever their sizes', async () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 400 }), { maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(
        sizes,
        fc.integer({ min: 0, max: 200 }),
        fc.integer({ min: 1, max: 900 }),
        async (turns, system, maxTokens) => {
          const context = contextOf(turns, 50, system);
          const contextTokens = 2_000;
          const fitted = await fitContext(context, { contextTokens, maxTokens }, (messages) =>
            Promise.resolve(size(messages)),
          );
          const { droppedTurns, messages } = fitted;
          expect(messages).toEqual([
            ...context.system,
            ...context.turns.slice(droppedTurns).flat(),
            ...context.question,
          ]);
          expect(size(messages)).toBeLessThanOrEqual(contextTokens - maxTokens);
          const oneMore = context.turns.slice(droppedTurns - 1).flat();
          if (droppedTurns > 0)
            expect(size([...context.system, ...oneMore, ...context.question])).toBeGreaterThan(
              contextTokens - maxTokens,
            );
          expect(fitted.promptTokens ?? size(messages)).toBe(size(messages));
        },
      ),
    );
  });

  it('is found with a few counts where turns are alike', async () => {
    let counts = 0;
    const context = contextOf(
      Array.from({ length: 500 }, () => 100),
      50,
    );
    const { droppedTurns } = await fitContext(context, { contextTokens: 8_192, maxTokens: 512 }, (messages) => {
      counts += 1;
      return Promise.resolve(size(messages));
    });
    expect(droppedTurns).toBe(500 - Math.floor((8_192 - 512 - 54) / 208));
    expect(counts).toBeLessThanOrEqual(5);
  });

  it('never without the system prompt or the question: they alone too long is an error of the request', async () => {
    const count = (messages: readonly EngineMessage[]) => Promise.resolve(size(messages));
    const budget = { contextTokens: 1_000, maxTokens: 200 };
    const tooLong = fitContext(contextOf([10], 500, 400), budget, count);
    await expect(tooLong).rejects.toMatchObject({ code: 'context_length_exceeded', status: 400 });
    await expect(fitContext(contextOf([], 797), budget, count)).rejects.toMatchObject({ status: 400 });
    await expect(fitContext(contextOf([], 796), budget, count)).resolves.toMatchObject({ promptTokens: 800 });
    const far = fitContext(contextOf([10], 5_000), budget, () => Promise.resolve(Infinity));
    await expect(far).rejects.toMatchObject({ code: 'context_length_exceeded' });
  });

  it('an engine that does not count is sent everything: it refuses what it cannot take', async () => {
    const fitted = await fitContext(contextOf([5_000], 10), { contextTokens: 1_000, maxTokens: null }, () =>
      Promise.resolve(null),
    );
    expect(fitted).toMatchObject({ droppedTurns: 0, promptTokens: null });
  });
});
