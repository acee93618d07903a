import { describe, expect, it } from 'vitest';
import { niceCeiling } from './nice-ceiling';

describe('the scale of a chart', () => {
  it.each([
    [1, 1],
    [3, 4],
    [9, 10],
    [100, 100],
    [101, 200],
    [6_400, 8_000],
    [1_234_567, 2_000_000],
  ])('for %d ends at %d', (value, end) => {
    expect(niceCeiling(value)).toBe(end);
  });
});
