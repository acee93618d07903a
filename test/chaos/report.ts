import type { Result } from './result';

/** Both tables, as Markdown. */
export function report(results: readonly Result[]): string {
  const ledger = table(
    [
      'fault',
      'requests',
      'rows',
      'lost',
      'doubled',
      'wrong',
      'estimated',
      'tokens in the ledger',
      'tokens of the engine',
    ],
    results.map(({ fault, verdict }) => [
      fault.title,
      verdict.requests,
      verdict.rows,
      verdict.lost,
      verdict.doubled,
      verdict.wrong,
      verdict.estimated,
      verdict.ledgerTokens,
      range(verdict.engineTokens),
    ]),
  );
  const streams = table(
    ['fault', 'refused', 'disturbed', 'slowest error, s', 'ready again, s', 'at rest, s', ''],
    results.map(({ fault, injected, verdict, settledMs }) => [
      fault.title,
      verdict.refused,
      verdict.disturbed,
      seconds(verdict.slowestErrorMs),
      seconds(injected.readyAgainMs ?? null),
      settledMs === null ? '**no**' : seconds(settledMs),
      injected.note ?? '',
    ]),
  );
  return `${ledger}\n\n${streams}\n`;
}

function range({ least, most }: { least: number; most: number }): string {
  return least === most ? String(least) : `${least} to ${most}`;
}

function seconds(ms: number | null): string {
  return ms === null ? '–' : (ms / 1_000).toFixed(1);
}

function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const line = (cells: readonly (string | number)[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
