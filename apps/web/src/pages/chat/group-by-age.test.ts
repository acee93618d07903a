import { describe, expect, it } from 'vitest';
import { groupByAge } from './group-by-age';

const at = (...parts: [number, number, number, number]) => ({ updatedAt: new Date(...parts).toISOString() });

describe('the history', () => {
  it('is grouped by calendar days of the reader', () => {
    const now = new Date(2026, 10, 21, 9);
    const items = [
      at(2026, 10, 21, 8),
      at(2026, 10, 21, 0),
      at(2026, 10, 20, 23),
      at(2026, 10, 16, 12),
      at(2026, 10, 1, 12),
      at(2025, 0, 1, 12),
    ];
    expect(groupByAge(items, now).map(({ age, items: found }) => [age, found.length])).toEqual([
      ['today', 2],
      ['yesterday', 1],
      ['week', 1],
      ['month', 1],
      ['older', 1],
    ]);
  });

  it('puts what a faster clock wrote into today', () => {
    expect(groupByAge([at(2026, 10, 22, 9)], new Date(2026, 10, 21, 9))).toMatchObject([{ age: 'today' }]);
  });
});
