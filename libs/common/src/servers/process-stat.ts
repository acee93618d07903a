import { readFileSync } from 'node:fs';

/** Of proc_pid_stat(5). */
export interface ProcessStat {
  /** `Z` and `X`: it has ended. */
  readonly state: string;
  readonly parent: number;
  readonly group: number;
  /** In clock ticks after the start of the machine; only ever compared. */
  readonly startTime: string;
  /** How the kernel schedules it (sched(7)). */
  readonly policy: number;
}

/** Null when there is no such process any more, or no /proc at all. */
export function processStat(pid: number | string): ProcessStat | null {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return null;
  }
  // The second field, the command's name in brackets, may itself hold spaces and brackets.
  const afterName = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const field = (number: number): string => afterName[number - 3] ?? '';
  return {
    state: field(3),
    parent: Number(field(4)),
    group: Number(field(5)),
    startTime: field(22),
    policy: Number(field(41)),
  };
}
