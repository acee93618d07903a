import { findUsage, parseUsage } from './engine-usage';

describe('the usage that an engine tells', () => {
  const told = (usage: object) => parseUsage(JSON.stringify({ usage }));

  it('is taken with its details, and without those it does not have', () => {
    const details = {
      prompt_tokens_details: { cached_tokens: 4 },
      completion_tokens_details: { reasoning_tokens: 2 },
    };
    const all = { inputTokens: 9, cachedTokens: 4, outputTokens: 5, reasoningTokens: 2 };
    expect(told({ prompt_tokens: 9, completion_tokens: 5, ...details })).toEqual(all);
    const bare = { inputTokens: 9, cachedTokens: 0, outputTokens: 0, reasoningTokens: 0 };
    expect(told({ prompt_tokens: 9, completion_tokens: null, prompt_tokens_details: null })).toEqual(bare);
    expect(told({ prompt_tokens: 9, prompt_tokens_details: { cached_tokens: -1 } })).toEqual(bare);
  });

  it.each([-1, 1.5, 2 ** 31, 1e308, '9', true, []])(
    'is none where a count is %j: the ledger could not keep it',
    (odd) => {
      expect(told({ prompt_tokens: odd, completion_tokens: 1 })).toBeNull();
      expect(told({ prompt_tokens: 1, completion_tokens: odd })).toBeNull();
      expect(findUsage(Buffer.from(JSON.stringify({ usage: { prompt_tokens: odd } })))).toBeNull();
    },
  );
});
