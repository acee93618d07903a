import { PrefixCache } from './prefix-cache';

const tokens = (count: number, from = 0): number[] => Array.from({ length: count }, (_, i) => from + i);

describe('the prefix cache', () => {
  it('knows whole blocks of a prompt again, and never all of it', () => {
    const cache = new PrefixCache(100);
    expect(cache.lookup(tokens(64))).toBe(0);
    expect(cache.lookup(tokens(64))).toBe(48);
    expect(cache.lookup([...tokens(40), 9999])).toBe(32);
  });

  it('knows nothing after the first block that differs', () => {
    const cache = new PrefixCache(100);
    cache.lookup(tokens(64));
    expect(cache.lookup([...tokens(16), ...tokens(48, 500)])).toBe(16);
  });

  it('forgets what was used longest ago', () => {
    const cache = new PrefixCache(4);
    cache.lookup(tokens(64));
    cache.lookup(tokens(64, 1000));
    expect(cache.lookup(tokens(64))).toBe(0);
  });
});
