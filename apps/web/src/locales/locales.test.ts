import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import en from './en.json';
import ko from './ko.json';

type Texts = { [key: string]: string | Texts };

function flat(texts: Texts, at = ''): [string, string][] {
  return Object.entries(texts).flatMap(([key, value]): [string, string][] =>
    typeof value === 'string' ? [[at + key, value]] : flat(value, `${at}${key}.`),
  );
}

const placeholders = (text: string): string[] => [...text.matchAll(/{{(\w+)}}/g)].map(([, name]) => name ?? '').sort();

describe('the texts', () => {
  const english = new Map(flat(en));
  const korean = new Map(flat(ko));

  it('are the same in both languages, with the same places to fill', () => {
    expect([...korean.keys()].sort()).toEqual([...english.keys()].sort());
    for (const [key, text] of english)
      expect([key, placeholders(korean.get(key) ?? '')]).toEqual([key, placeholders(text)]);
  });

  it('are all that the pages ask for', () => {
    const folder = join(import.meta.dirname, '..');
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.tsx'));
    const asked = files.flatMap((file) =>
      [...readFileSync(join(folder, file), 'utf8').matchAll(/\bt\('([\w.]+)'/g)].map(([, key]) => key ?? ''),
    );
    expect(asked.length).toBeGreaterThan(50);
    const known = (key: string): boolean => english.has(key) || english.has(`${key}_other`);
    expect(asked.filter((key) => !known(key))).toEqual([]);
  });
});
