import { describe, expect, it } from 'vitest';
import { FIT_TEXTS, FitTexts, type FitMessage } from '#contracts/fit-texts';
import korean from '../../locales/models-ko.json';
import { adviceText, fitText } from './words';

const REASON: FitMessage = {
  code: 'weights_over_budget',
  values: { utilisation: 0.55, gpu: 0, budgetGib: 12.96, weightsGib: 13.9 },
  engine: null,
};
const placesOf = (sentence: string): string[] =>
  [...new Set([...sentence.matchAll(/{{(\w+)}}/g)].map(([, name]) => name ?? ''))].sort();

describe('what the fit check and the failures say', () => {
  it('is said in Korean, with the values of the API', () => {
    const english = new FitTexts('en', FIT_TEXTS).say(REASON);
    expect(english).toBe(
      'gpuMemoryUtilization 0.55 of GPU 0 is 12.96 GiB, less than the 13.90 GiB of weights that it has to hold.',
    );
    expect(fitText('ko', REASON, english)).toMatch(/^GPU 0에서 gpuMemoryUtilization 0\.55.*12\.96 GiB.*13\.90 GiB/);
    expect(fitText('ko', { ...REASON, engine: 1 }, english)).toMatch(/^엔진 1: GPU 0에서/);
    expect(fitText('en', REASON, english)).toBe(english);
  });

  it('stays as the API says it where the code is a newer one', () => {
    expect(fitText('ko', { ...REASON, code: 'not_known_yet' as 'fits' }, 'Something new.')).toBe('Something new.');
    expect(adviceText('ko', 'not_known_yet', 'Do something.')).toBe('Do something.');
    expect(adviceText('ko', 'port_in_use', 'Free it.')).toMatch(/포트/);
  });

  it('has a Korean sentence for each code, with places for values of the English one only', () => {
    expect(Object.keys(korean.fit).sort()).toEqual(Object.keys(FIT_TEXTS).sort());
    for (const [code, sentence] of Object.entries(FIT_TEXTS)) {
      const places = placesOf(korean.fit[code as keyof typeof FIT_TEXTS]);
      expect([code, places.filter((place) => !placesOf(sentence).includes(place))]).toEqual([code, []]);
    }
  });
});
