import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { FAULTS } from './faults/all';
import { report } from './report';
import { isClean, type Result } from './result';
import { runFault } from './run-fault';

/** Examples shown of one kind of complaint. */
const EXAMPLES = 2;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      only: { type: 'string' },
      list: { type: 'boolean', default: false },
      streams: { type: 'string', default: '50' },
      report: { type: 'string' },
      logs: { type: 'string', default: '.cache/chaos' },
    },
  });
  if (values.list) {
    for (const { name, title } of FAULTS) console.log(`${name.padEnd(24)} ${title}`);
    return 0;
  }
  const wanted = values.only?.split(',');
  const stranger = wanted?.find((name) => !FAULTS.some((fault) => fault.name === name));
  if (stranger !== undefined) throw new Error(`there is no fault ${stranger}; --list names them`);
  const results: Result[] = [];
  let broken = 0;
  for (const fault of FAULTS.filter(({ name }) => wanted === undefined || wanted.includes(name))) {
    console.log(`${fault.name}: ${fault.title}`);
    try {
      const result = await runFault(
        fault,
        Number(values.streams),
        (line) => console.log(line),
        join(values.logs, fault.name),
      );
      results.push(result);
      remember(values.logs, [result]);
      tell(result);
    } catch (error) {
      broken += 1;
      console.log(`  could not be shown: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  if (values.report !== undefined) writeFileSync(values.report, report(remember(values.logs, [])));
  console.log(`\n${report(results)}`);
  return broken === 0 && results.every(isClean) ? 0 : 1;
}

/** The last result of every fault that was ever run here, with these on top: some faults can be run again by themselves. */
function remember(folder: string, results: readonly Result[]): Result[] {
  const file = join(folder, 'results.json');
  const known = new Map<string, Omit<Result, 'fault'>>(
    existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as [string, Omit<Result, 'fault'>][]) : [],
  );
  for (const { fault, ...result } of results) known.set(fault.name, result);
  mkdirSync(folder, { recursive: true });
  writeFileSync(file, JSON.stringify([...known]));
  return FAULTS.flatMap((fault) => {
    const result = known.get(fault.name);
    return result === undefined ? [] : [{ fault, ...result }];
  });
}

function tell({ verdict, injected }: Result): void {
  const { requests, refused, rows, lost, doubled, wrong, disturbed, complaints } = verdict;
  console.log(
    `  ${requests} requests, ${refused} refused, ${rows} rows, ${lost} lost, ${doubled} doubled, ${wrong} wrong`,
  );
  console.log(`  ${disturbed} disturbed, ready again in ${injected.readyAgainMs ?? '-'} ms ${injected.note ?? ''}`);
  for (const alike of kinds(complaints)) {
    console.log(`  ${alike.length} x`);
    for (const complaint of alike.slice(0, EXAMPLES)) console.log(`    ${complaint}`);
  }
}

/** Complaints that differ in their numbers and ids only, together. */
function kinds(complaints: readonly string[]): string[][] {
  const groups = new Map<string, string[]>();
  for (const complaint of complaints) {
    const kind = complaint.replaceAll(/req_[0-9a-f]+|chat-[0-9a-f]+|[\d.:-]+/g, '#');
    groups.set(kind, [...(groups.get(kind) ?? []), complaint]);
  }
  return [...groups.values()].sort((a, b) => b.length - a.length);
}

main().then(
  (code) => (process.exitCode = code),
  (error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  },
);
