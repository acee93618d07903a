import { readFileSync } from 'node:fs';
import { processStat } from '#common/servers/process-stat';

/**
 * Which of the candidates share a container with one of these processes. Only where model-manager sees the processes of
 * the host; its own container, or none, is nobody's mark.
 */
export function inSameContainer(pids: readonly number[], candidates: readonly number[]): number[] {
  const own = controlGroup('self');
  const ours = new Set(pids.map(controlGroup).filter((group) => group !== null && group !== own));
  return ours.size === 0 ? [] : candidates.filter((pid) => ours.has(controlGroup(pid)));
}

function controlGroup(pid: number | 'self'): string | null {
  try {
    return readFileSync(`/proc/${pid}/cgroup`, 'utf8');
  } catch {
    return null; // it ended meanwhile, or there is no /proc
  }
}

/** The process group of a process; null when it is gone, or where there is no /proc. */
export function processGroup(pid: number): number | null {
  return processStat(pid)?.group ?? null;
}
