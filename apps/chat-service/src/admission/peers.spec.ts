import fc from 'fast-check';
import { shareOf } from './peers';

describe('the share of one chat-service', () => {
  it.each<[whole: number, me: string, others: string[], share: number]>([
    [256, 'a', [], 256],
    [256, 'a', ['b'], 128],
    [5, 'a', ['b'], 3],
    [5, 'b', ['a'], 2],
    [1, 'b', ['a'], 1],
  ])('of %i places is, for %s beside %j, %i', (whole, me, others, share) => {
    expect(shareOf(whole, me, others)).toBe(share);
  });

  it('adds up to the whole with those of the others, as long as there is one place for each', () => {
    const names = fc.uniqueArray(fc.string({ minLength: 1 }), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(names, fc.integer({ min: 8, max: 2_000 }), (all, whole) => {
        const shares = all.map((me) =>
          shareOf(
            whole,
            me,
            all.filter((other) => other !== me),
          ),
        );
        expect(shares.reduce((sum, share) => sum + share, 0)).toBe(whole);
        expect(Math.max(...shares) - Math.min(...shares)).toBeLessThanOrEqual(1);
      }),
    );
  });
});
