import { limitSets } from './limit-set';
import { TokenCounter } from './token-counter';

describe('a count of tokens', () => {
  it('is never more than the limit, however many take at once', async () => {
    const counter = new TokenCounter(null, 'test', 60);
    const all = await Promise.all(Array.from({ length: 20 }, () => counter.take('key:1', 300, 1_000)));
    expect(all.filter(({ taken }) => taken !== null)).toHaveLength(3);
    expect((await counter.read('key:1'))?.used).toBe(900);
  });

  it('has what was really used in the place of what was reserved', async () => {
    const counter = new TokenCounter(null, 'test', 60);
    const { taken } = await counter.take('key:1', 800, 1_000);
    await counter.settle(taken!, 130);
    expect((await counter.read('key:1'))?.used).toBe(130);
    const more = await counter.take('key:1', 100, 1_000);
    await counter.settle(more.taken!, 150);
    expect((await counter.read('key:1'))?.used).toBe(280);
  });

  it('gives nothing back to a window that did not count it', async () => {
    const counter = new TokenCounter(null, 'test', 60);
    const { taken } = await counter.take('key:1', 800, 1_000);
    await counter.limiter.delete('key:1'); // the window is over
    await counter.take('key:1', 10, 1_000);
    await counter.settle({ ...taken!, until: 0 }, 100);
    expect((await counter.read('key:1'))?.used).toBe(10);
  });
});

describe('limits', () => {
  const none = { tokensPerMinute: null, concurrentRequests: null, monthlyTokens: null };

  it('are none for most keys, which then cost nothing', () => {
    expect(limitSets('u', { id: 'k', ...none }, {})).toBeNull();
    expect(limitSets('u', null, {})).toBeNull();
  });

  it('of a user count beside those of the key', () => {
    const sets = limitSets(
      'u',
      { id: 'k', ...none, tokensPerMinute: 5 },
      {
        USER_TOKENS_PER_MINUTE: 9,
        USER_CONCURRENT_REQUESTS: undefined,
        USER_MONTHLY_TOKENS: undefined,
      },
    );
    expect(sets).toEqual([
      { by: 'key', id: 'k', ...none, tokensPerMinute: 5 },
      { by: 'user', id: 'u', ...none, tokensPerMinute: 9 },
    ]);
  });
});
