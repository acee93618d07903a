import { readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { NODE, ROOT } from './paths.mjs';
import { Trouble, run } from './processes.mjs';

/** Puts `text` between the two markers of that name in a Markdown file. */
export async function writeBetween(file, name, text) {
  const [begin, end] = [`<!-- ${name}:begin -->`, `<!-- ${name}:end -->`];
  const before = readFileSync(file, 'utf8');
  const [from, to] = [before.indexOf(begin), before.indexOf(end)];
  if (from < 0 || to < from) throw new Trouble(`${file} has no ${begin} before a ${end}`);
  writeFileSync(file, `${before.slice(0, from + begin.length)}\n\n${text.trim()}\n\n${before.slice(to)}`);
  await run(NODE, [join(ROOT, 'node_modules/prettier/bin/prettier.cjs'), '--write', file], { cwd: ROOT });
}

/** Where and when something was measured. */
export async function measuredOn() {
  const date = new Date().toISOString().slice(0, 10);
  const version = (await run(NODE, ['--version'])).trim();
  return `Measured on ${date}: ${cpus().length} cores (${cpus()[0]?.model.trim()}), Linux, Node ${version}.`;
}
