// `npm run chaos`: what the ledger and the streams survive, shown by killing, filling and slowing real processes.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { measuredOn, writeBetween } from '../../benchmarks/lib/document.mjs';
import { build } from '../../tools/launcher/build.mjs';
import { prepare } from '../../tools/launcher/prepare.mjs';
import { plainReason } from '../../tools/launcher/trouble.mjs';

const HELP = `npm run chaos -- [options]

  --only LIST     faults by name, joined by commas (default all)
  --list          names the faults
  --streams N     requests at any moment (default 50)
  --write FILE    put the tables between the markers of this Markdown file; with --only, rows of other faults stay as
                  they were last measured in this checkout

It ends with 1 when something was lost, doubled, wrong or disturbed; the logs of that fault are then left in .cache/chaos.`;

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

try {
  process.exitCode = await main();
} catch (error) {
  console.error(plainReason(error));
  process.exitCode = 1;
}

async function main() {
  const text = { type: 'string' };
  const flag = { type: 'boolean' };
  const { values } = parseArgs({
    options: { only: text, list: flag, streams: text, write: text, help: { ...flag, short: 'h' } },
  });
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  const log = (line) => console.error(line);
  const node = await prepare(root, log);
  await build(root, log, ['test']);
  const folder = mkdtempSync(join(tmpdir(), 'tandem-chaos-'));
  const report = join(folder, 'report.md');
  try {
    const words = Object.entries({
      only: values.only,
      streams: values.streams,
      report,
      logs: join(root, '.cache', 'chaos'),
    }).flatMap(([name, value]) => (value === undefined ? [] : [`--${name}`, value]));
    if (values.list) words.push('--list');
    const child = spawn(node, [join(root, 'dist/test/chaos/main.js'), ...words], { stdio: 'inherit' });
    const [code] = await once(child, 'exit');
    if (values.write !== undefined && !values.list) {
      const command = `npm run chaos${process.argv.slice(2).length === 0 ? '' : ` -- ${process.argv.slice(2).join(' ')}`}`;
      await writeBetween(
        values.write,
        'chaos',
        `${await measuredOn()} \`${command}\`\n\n${readFileSync(report, 'utf8')}`,
      );
    }
    return code ?? 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
