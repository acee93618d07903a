import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
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

/** Attributes that people read or hear. */
const SPOKEN = new Set(['aria-label', 'title', 'alt', 'placeholder', 'label', 'hint', 'what', 'action']);
/** Names, units and keys of a profile: the same in every language. */
const NAMES = new Set(['Tandem', 'default', 'sk-tandem-...', 'MiB', 'model']);

/** Words in the markup of a page that no translation can reach. */
function untranslated(file: string, text: string): string[] {
  const found: string[] = [];
  const words = (value: string): void => {
    if (/\p{L}{2}/u.test(value) && !NAMES.has(value.trim())) found.push(`${file}: ${value.trim()}`);
  };
  const visit = (node: ts.Node): void => {
    if (ts.isJsxText(node)) words(node.text);
    if (ts.isJsxAttribute(node) && node.initializer !== undefined && ts.isStringLiteral(node.initializer)) {
      if (SPOKEN.has(node.name.getText())) words(node.initializer.text);
    }
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true, ts.ScriptKind.TSX));
  return found;
}

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

  it('are nowhere in the code', () => {
    const folder = join(import.meta.dirname, '..');
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(
      (file) => file.endsWith('.tsx') && !file.endsWith('.test.tsx'),
    );
    expect(files.flatMap((file) => untranslated(file, readFileSync(join(folder, file), 'utf8')))).toEqual([]);
    expect(untranslated('a.tsx', '<p title="Close it">Words <b>x</b></p>')).toHaveLength(2);
  });
});
