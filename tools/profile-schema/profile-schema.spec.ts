import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { editorSchema } from '../../apps/model-manager/src/profiles/profile';
import { profileSchemaText } from './profile-schema';

const PROFILES = join(__dirname, '../../profiles');

describe('profiles/profile.schema.json', () => {
  const text = readFileSync(join(PROFILES, 'profile.schema.json'), 'utf8');

  it('is what the schema of profiles says (npm run profile-schema writes it)', () => {
    expect(text).toBe(profileSchemaText());
  });

  it('takes every profile that comes with Tandem, and no misspelt one', () => {
    const valid = (value: unknown): boolean => editorSchema.safeParse(value).success;
    const files = readdirSync(PROFILES).filter((name) => name.endsWith('.yaml'));
    for (const file of files)
      expect([file, valid(parse(readFileSync(join(PROFILES, file), 'utf8')))]).toEqual([file, true]);
    expect(valid({ name: 'a', engines: [] })).toBe(false);
    expect(valid({ name: 'a', egines: [{ model: 'm' }] })).toBe(false);
    expect(valid({ name: 'a', engines: [{ model: 'm', gpuMemoryUtilization: 2 }] })).toBe(false);
    expect(valid({ name: 'a', engines: [{ model: 'm', dtype: 'int3' }] })).toBe(false);
  });
});
