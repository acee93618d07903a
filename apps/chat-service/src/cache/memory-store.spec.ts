import { MemoryStore } from './memory-store';

describe('answers in memory', () => {
  let now = 0;
  const store = (maxBytes: number): MemoryStore => new MemoryStore(maxBytes, 1_000, () => now);
  const bytes = (length: number): Buffer => Buffer.alloc(length);

  it('are found until their time is over', () => {
    const kept = store(10_000);
    kept.set('a', Buffer.from('answer'));
    now += 999;
    expect(kept.get('a')?.toString()).toBe('answer');
    now += 1;
    expect(kept.get('a')).toBeNull();
    expect(kept.bytes).toBe(0);
  });

  it('make room, those first that were not used for the longest time', () => {
    const kept = store(3_600);
    for (const key of ['a', 'b', 'c']) kept.set(key, bytes(1_000));
    kept.get('a');
    kept.set('d', bytes(1_000));
    expect(['a', 'b', 'c', 'd'].filter((key) => kept.get(key) !== null)).toEqual(['a', 'c', 'd']);
    expect(kept.bytes).toBeLessThanOrEqual(3_600);
  });

  it('are not kept where one would fill it', () => {
    const kept = store(1_000);
    kept.set('a', bytes(900));
    expect([kept.get('a'), kept.bytes]).toEqual([null, 0]);
  });

  it('are gone when it is cleared', () => {
    const kept = store(1_000);
    kept.set('a', bytes(1));
    kept.clear();
    expect([kept.get('a'), kept.bytes]).toEqual([null, 0]);
  });
});
