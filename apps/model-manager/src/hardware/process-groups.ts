import { readFileSync } from 'node:fs';

/** The process group of a process; null when it is gone, or where there is no /proc. */
export function processGroup(pid: number): number | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name may hold spaces and brackets: the fields count from the last one. State, parent, group.
    const group = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[2]);
    return Number.isInteger(group) ? group : null;
  } catch {
    return null; // it ended meanwhile
  }
}
