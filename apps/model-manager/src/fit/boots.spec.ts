import { join } from 'node:path';
import { cacheOf, judgeBoot, type Judgement } from './report/fit-report';
import { compareBoots, type ComparedBoot } from './testing/boots';
import { GIB, middle } from './units';

const ROOT = join(__dirname, '../../../..');
const boots = compareBoots(join(ROOT, 'apps/model-manager/src/fit/testing'), join(ROOT, 'models'));
const comparable = boots.filter((boot) => boot.fit !== null);
const judged = (boot: ComparedBoot): Judgement => judgeBoot(boot)!;

/** Rows that are outside, each for a reason that `npm run fit:report` prints. Nothing else may be. */
const EXPLAINED = ['kv-boots 21', 'kv-boots 26', 'more-boots 5'];
/** Rows that booted although the check says no, each with its reason too. */
const BOOTED_ALL_THE_SAME = ['more-boots 17'];
const key = ({ file, row }: ComparedBoot): string => `${file} ${row}`;

describe('the fit check against real boots', () => {
  it('has a prediction or a reason for every row', () => {
    expect(boots).toHaveLength(75);
    expect(comparable.length).toBeGreaterThanOrEqual(55);
    for (const { fit, why } of boots) expect(fit !== null || why !== null).toBe(true);
  });

  it.each(comparable.map((boot) => [`${key(boot)} ${boot.model}`, boot] as const))('%s', (_name, boot) => {
    const judgement = judged(boot);
    expect(judgement.verdict).toBe(BOOTED_ALL_THE_SAME.includes(key(boot)) ? 'wrong' : 'right');
    expect(judgement.halfWidthGib <= 0.7 || judgement.halfWidthPart <= 0.08).toBe(true);
    if (EXPLAINED.includes(key(boot))) {
      expect(boot.why).not.toBeNull();
      expect([judgement.kv, judgement.tokens]).toContain('outside');
    } else expect([judgement.kv, judgement.tokens]).not.toContain('outside');
  });

  /** The constants of `activation.ts` must not be the rows' own: an offset taken from one half serves the other. */
  it.each([0, 1])(
    'what half of the boots (%i) are off by on average does not take the others out of their ranges',
    (half) => {
      const usable = comparable.filter(
        ({ observed, row, file }) => observed.kvGib !== null && !EXPLAINED.includes(`${file} ${row}`),
      );
      const offsets = usable.map(
        ({ fit, observed }) => observed.kvGib! - middle(cacheOf(fit!.memory.map(({ kvCache }) => kvCache))) / GIB,
      );
      const training = offsets.filter((_offset, index) => index % 2 === half);
      const offset = training.reduce((total, value) => total + value, 0) / training.length;
      const outside = usable.filter((boot, index) => {
        if (index % 2 === half) return false;
        return Math.abs(offsets[index]! - offset) > judged(boot).halfWidthGib + 0.005;
      });
      expect(Math.abs(offset)).toBeLessThan(0.4);
      expect(outside.map(key).length).toBeLessThanOrEqual(2);
    },
  );
});
