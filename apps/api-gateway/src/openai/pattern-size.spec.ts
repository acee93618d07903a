import { expandedSize } from './pattern-size';

describe('the size of a pattern', () => {
  it.each<[string, number]>([
    ['', 0],
    ['abc', 3],
    ['a{3}', 3],
    ['a{3}b{4}', 7],
    ['(ab){3}', 6],
    ['((a{10}){10}){10}', 1_000],
    ['a{10}{10}', 100],
    ['[a-z{9}]{5}', 5],
    ['\\{{4}', 4],
    ['\\d{2,4}', 4],
    ['a{2,}', 2],
    ['a{,5}', 5],
    ['(a{100}', 100],
    ['[\\]]{7}', 7],
  ])('of %s is %i', (pattern, size) => {
    expect(expandedSize(pattern)).toBe(size);
  });
});
