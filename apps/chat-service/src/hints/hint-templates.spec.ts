import { join } from 'node:path';
import { HINT_LEVELS, HINT_LOCALES } from '#contracts/hints';
import { refusalOf } from './hint-check';
import { readHintTemplates } from './hint-templates';

const templates = readHintTemplates(join(__dirname, '../../../../prompts/hints'));

describe('the hints that need no model', () => {
  it.each(HINT_LOCALES)('give nothing away themselves (%s)', (locale) => {
    const { safe, rules } = templates.texts[locale];
    for (const text of [safe, ...Object.values(rules)].flatMap((byLevel) => HINT_LEVELS.map((level) => byLevel[level])))
      expect([text, refusalOf(text, { code: '', newCodeLines: 0, maxChars: 400 })]).toEqual([text, null]);
  });

  it('say where to look from level 2 on, and not before', () => {
    for (const { rules } of Object.values(templates.texts))
      for (const byLevel of Object.values(rules))
        expect(HINT_LEVELS.map((level) => byLevel[level].includes('{{line}}'))).toEqual([false, true, true]);
  });
});
