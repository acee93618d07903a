import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { envSampleText } from './env-sample';

describe('.env.sample', () => {
  it('is what the schemas of the services say (npm run env-sample writes it)', () => {
    expect(readFileSync(join(__dirname, '../../.env.sample'), 'utf8')).toBe(envSampleText());
  });

  it('tells of every variable what it is for, with an example', () => {
    const settings = envSampleText()
      .split('\n')
      .filter((line) => /^# [A-Z_]+=/.test(line));
    expect(settings.length).toBeGreaterThan(40);
    for (const line of settings) expect(line).toMatch(/^# [A-Z_]+=\S/);
  });
});
