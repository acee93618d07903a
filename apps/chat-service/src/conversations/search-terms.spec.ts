import fc from 'fast-check';
import { fold } from './folding';
import { partOf, PART_MESSAGES, queryTerms, termsOf } from './search-terms';

const OWNER = '00000000-0000-4000-8000-000000000001';

describe('the terms of a text', () => {
  it('hold those of every part of it, of two syllables and of one, also past a turn of the event loop', async () => {
    const unit = fc.constantFrom('가', '나', 'ab', 'é', '👋', ' ', 'x'.repeat(20_000));
    await fc.assert(
      fc.asyncProperty(fc.array(unit, { minLength: 1, maxLength: 8 }), fc.nat(), fc.nat(), async (units, a, b) => {
        const text = fold(units.join(''));
        const from = a % text.length;
        const part = text.slice(from, from + 1 + (b % 40));
        const terms = new Set(await termsOf(OWNER, 3, text));
        expect(queryTerms(OWNER, 3, part).filter((term) => !terms.has(term))).toEqual([]);
      }),
      { numRuns: 50 },
    );
  });

  it('are others for another owner and another part of the history', async () => {
    const terms = await termsOf(OWNER, 0, '회의록');
    expect(queryTerms(OWNER, 1, '회의').some((term) => terms.includes(term))).toBe(false);
    expect(queryTerms(OWNER.replace('1', '2'), 0, '회의').some((term) => terms.includes(term))).toBe(false);
    expect([partOf(PART_MESSAGES - 1), partOf(PART_MESSAGES)]).toEqual([0, 1]);
  });

  it('are the same for a syllable and for its jamo', async () => {
    const typed = fold('회의록'.normalize('NFD'));
    expect(await termsOf(OWNER, 0, typed)).toEqual(await termsOf(OWNER, 0, '회의록'));
  });
});
