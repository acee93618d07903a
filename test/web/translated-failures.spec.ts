import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { FAILURES } from '../../apps/model-manager/src/engines/failures';

const read = (file: string): unknown =>
  JSON.parse(readFileSync(join(__dirname, '../../apps/web/src/locales', file), 'utf8'));

it('names each failure of an engine in both languages, and says in Korean too what to do about it', () => {
  const causes = Object.keys(FAILURES).sort();
  for (const file of ['en.json', 'ko.json']) {
    const { models } = read(file) as { models: { failure: object } };
    expect(Object.keys(models.failure).sort()).toEqual(causes);
  }
  const { advice } = read('models-ko.json') as { advice: object };
  expect(Object.keys(advice).sort()).toEqual(causes);
});
