import { execFileSync } from 'node:child_process';
import { processStat } from './process-stat';

/** A process that cannot be mistaken for a later one with the same pid. */
export interface ProcessIdentity {
  readonly pid: number;
  /** As {@link processStartTime} gives it; only ever compared. */
  readonly startTime: string;
}

/**
 * When the process started, as an opaque text to compare: field 22 of /proc/PID/stat (proc(5)), elsewhere `ps -o lstart`.
 * Null when there is no such process, or only its zombie is left.
 */
export function processStartTime(pid: number): string | null {
  if (process.platform === 'linux') return linuxStartTime(pid);
  try {
    const [state, ...started] = execFileSync('ps', ['-o', 'state=,lstart=', '-p', String(pid)], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    })
      .trim()
      .split(/\s+/);
    return state === undefined || state.startsWith('Z') || started.length === 0 ? null : started.join(' ');
  } catch {
    return null; // ps exits with 1 when the process is not there
  }
}

function linuxStartTime(pid: number): string | null {
  const stat = processStat(pid);
  return stat === null || stat.state === 'Z' || stat.state === 'X' ? null : stat.startTime;
}

/** Whether exactly that process still runs. */
export function isSameProcessAlive(identity: ProcessIdentity): boolean {
  return processStartTime(identity.pid) === identity.startTime;
}
