import { globSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const ROOT = resolve(__dirname, '../..');
const files = globSync('apps/*/src/database/**/[0-9]*-*.ts', { cwd: ROOT }).sort();

/** What a service of the version before would miss: a table, a column, a name, or the right to leave a column out. */
const TAKES_AWAY = [
  /\bDROP (TABLE|COLUMN|SCHEMA|VIEW)\b/i,
  /\bRENAME\b/i,
  /\bALTER COLUMN \S+ (SET DATA )?TYPE\b/i,
  /\bSET NOT NULL\b/i,
  /\bDROP DEFAULT\b/i,
  /\bADD COLUMN (IF NOT EXISTS )?\S+ [^,;`']*\bNOT NULL\b(?![^,;`']*\b(DEFAULT|GENERATED)\b)(?<!DEFAULT [^,;`']*)/i,
];

/** Before the first release: the table is there again, under its name and with its columns. */
const BEFORE_THE_FIRST_RELEASE = ['apps/usage-service/src/database/1795245000000-partitions-and-rollups.ts'];

describe('a migration', () => {
  it('is found in each service with a database', () => {
    expect(new Set(files.map((file) => file.split('/')[1]))).toEqual(
      new Set(['api-gateway', 'chat-service', 'usage-service']),
    );
  });

  it.each(files.filter((file) => !BEFORE_THE_FIRST_RELEASE.includes(file)))(
    'takes nothing away that the services of the version before need: %s',
    (file) => {
      const text = readFileSync(join(ROOT, file), 'utf8');
      const up = text.slice(text.indexOf('up('), text.includes('down(') ? text.indexOf('down(') : undefined);
      for (const pattern of TAKES_AWAY) expect(up).not.toMatch(pattern);
    },
  );
});
