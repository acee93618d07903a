import type { BackendAnswer } from './engines';
import type { ProcessStatus, Status } from './status';

/** The status as a person reads it. */
export function statusText(status: Status, profile: string | null, notes: readonly string[]): string {
  if (status.state === 'stopped') return 'Tandem is stopped.';
  const lines = [`Tandem is ${status.state}.${profile === null ? '' : ` Profile: ${profile}.`}`, ''];
  lines.push(...table([['process', 'pid', 'port', 'health', 'uptime'], ...status.processes.map(row)]));
  for (const engine of status.engines) {
    const progress = engine.phase == null ? '' : ` (${engine.phase}, ${engine.percent ?? 0} %)`;
    lines.push('', `engine:${engine.id} is ${engine.state}${progress}: ${engine.model ?? 'no model'}`);
  }
  const { backend, hints } = status;
  if (backend !== null) lines.push('', answeredBy('Code is answered', backend));
  if (hints !== null) lines.push(answeredBy(`Hints (mode ${hints.mode}) are given`, hints));
  if (status.gpus.length > 0) lines.push('', ...status.gpus.map(gpuLine));
  if (notes.length > 0) lines.push('', ...notes);
  return lines.join('\n');
}

function answeredBy(what: string, { backend, model, reason }: BackendAnswer): string {
  const why = reason === null ? '' : ` (${reason})`;
  return backend === null ? `${what} by nobody${why}` : `${what} by ${backend}: ${model ?? '?'}${why}`;
}

function row({ name, pid, port, health, uptimeS }: ProcessStatus): string[] {
  return [name, String(pid ?? '-'), String(port ?? '-'), health, uptimeS === null ? '-' : duration(uptimeS)];
}

/** As 42s, 3m 7s, 5h 2m, 4d 1h. */
export function duration(seconds: number): string {
  const units = [
    ['d', 86_400],
    ['h', 3_600],
    ['m', 60],
    ['s', 1],
  ] as const;
  const first = units.findIndex(([, size]) => seconds >= size);
  if (first === -1) return '0s';
  let rest = Math.floor(seconds);
  return units
    .slice(first, first + 2)
    .map(([unit, size]) => {
      const count = Math.floor(rest / size);
      rest -= count * size;
      return `${count}${unit}`;
    })
    .join(' ');
}

function gpuLine(gpu: unknown): string {
  const { index, name, usedMib, totalMib, utilisation } = gpu as Record<string, string | number | null | undefined>;
  const load = utilisation == null ? '' : `, ${utilisation} % busy`;
  return `GPU ${index ?? '?'} ${name ?? ''}: ${usedMib ?? '?'} of ${totalMib ?? '?'} MiB${load}`;
}

function table(rows: string[][]): string[] {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((cells) => cells[column]?.length ?? 0))) ?? [];
  return rows.map((cells) =>
    cells
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}
