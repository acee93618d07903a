import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';

/** What a block may need that a machine of the tests has not: `sh gpu` behind its fence, and so on. */
export const NEEDS = {
  gpu: 'a GPU',
  cluster: 'a Kubernetes cluster',
  host: 'root, Docker, a domain, a registry or a checkout of its own',
  long: 'many minutes, and it rewrites the page that it stands in',
} as const;

export interface ShellBlock {
  /** `docs/models.md:27` */
  place: string;
  /** The word behind `sh`, if any. */
  needs: string | null;
  /** One command each, its continuation lines joined, without comments. */
  commands: string[];
}

const SKIPPED = new Set(['node_modules', 'dist', '.git', '.cache', '.tandem']);

/** Every fenced shell block of every Markdown file of the project. */
export function shellBlocks(root: string): ShellBlock[] {
  return markdownFiles(root).flatMap((file) => blocksOf(relative(root, file), readFileSync(file, 'utf8')));
}

function markdownFiles(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (SKIPPED.has(entry.name)) return [];
    const path = join(folder, entry.name);
    return entry.isDirectory() ? markdownFiles(path) : entry.name.endsWith('.md') ? [path] : [];
  });
}

function blocksOf(file: string, text: string): ShellBlock[] {
  const blocks: ShellBlock[] = [];
  const fence = /^( *)```(?:sh|bash|shell|console)(?: +([^\n]*?))? *\n([^]*?)^\1```/gm;
  for (const found of text.matchAll(fence)) {
    const line = text.slice(0, found.index).split('\n').length;
    blocks.push({ place: `${file}:${line}`, needs: found[2] ?? null, commands: commandsOf(found[3] ?? '') });
  }
  return blocks;
}

function commandsOf(text: string): string[] {
  return text
    .replace(/ *\\\n */g, ' ')
    .split('\n')
    .map((line) => line.replace(/(^|\s)#\s.*$/, '').trim())
    .filter((line) => line !== '');
}
