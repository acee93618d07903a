import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import openapiTS, { astToString } from 'openapi-typescript';
import { format, resolveConfig } from 'prettier';
import { describe, expect, it } from 'vitest';

/** What openapi-typescript writes above the types it puts into a file. */
const HEADER = /^\/\*\*[\s\S]*?\*\/\n/;

describe('the types of the API', () => {
  it('are those of docs/openapi.json (else: npm run web:types)', async () => {
    const file = join(import.meta.dirname, 'schema.d.ts');
    const document = new URL(`file://${join(import.meta.dirname, '../../../../docs/openapi.json')}`);
    const types = astToString(await openapiTS(document));
    const fresh = await format(types, { ...(await resolveConfig(file)), parser: 'typescript' });
    const written = readFileSync(file, 'utf8').replace(HEADER, '').trim();
    // As one word: the difference would be thousands of lines.
    expect(fresh.trim() === written ? 'current' : 'outdated').toBe('current');
  }, 60_000);
});
