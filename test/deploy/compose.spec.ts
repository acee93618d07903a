import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const ROOT = resolve(__dirname, '../..');
const COMPOSE = join(ROOT, 'deploy/compose');

/** What an operator may set: each variable of the files with its default. */
function settings(): [name: string, byDefault: string | undefined][] {
  const texts = readdirSync(COMPOSE)
    .filter((file) => /^compose.*\.yaml$/.test(file))
    .map((file) => readFileSync(join(COMPOSE, file), 'utf8'));
  const found = texts.flatMap((text) => [...text.matchAll(/\$\{([A-Z_]+)(?::-([^}]*))?/g)]);
  return [...new Map(found.map(([, name = '', byDefault]) => [name, byDefault])).entries()];
}

describe('docs/compose.md', () => {
  const rows = readFileSync(join(ROOT, 'docs/compose.md'), 'utf8').split('\n');

  it.each(settings())('names the setting %s with its default', (name, byDefault) => {
    const row = rows.find((line) => line.startsWith('| ') && line.includes(`\`${name}\``));
    const [, names = '', defaults = ''] = row?.split('|') ?? [];
    const at = names.split(',').findIndex((one) => one.trim() === `\`${name}\``);
    expect(defaults.split(',')[at]?.trim()).toBe(byDefault === undefined ? 'none' : `\`${byDefault}\``);
  });

  it('names no setting that is none any more', () => {
    const names = new Set(settings().map(([name]) => name));
    const table = rows.slice(rows.indexOf('## Settings of the files'), rows.indexOf('## Upgrade and rollback'));
    const named = table.flatMap((line) => line.split('|')[1]?.match(/[A-Z_]{4,}/g) ?? []);
    expect(named.filter((name) => !names.has(name))).toEqual([]);
  });
});
