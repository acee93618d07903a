import { readdirSync } from 'node:fs';
import { holdsSocket, listeningSockets } from './listening-sockets';
import { processStartTime, type ProcessIdentity } from './process-identity';
import { processStat } from './process-stat';

/** How often a dying group is looked at. */
const LOOK_EVERY_MS = 50;

/**
 * Ends a process group: SIGTERM and up to `politeMs` of patience, then SIGKILL. Resolves when nobody of it is alive.
 * @param leader the process that made the group; its pid is the group's id
 */
export async function endProcessGroup(leader: ProcessIdentity, politeMs: number): Promise<void> {
  if (politeMs > 0 && signalGroup(leader, 'SIGTERM') && (await groupGone(leader, politeMs))) return;
  // Again and again: a member may fork between our looking and our signal.
  while (signalGroup(leader, 'SIGKILL')) if (await groupGone(leader, 1_000)) return;
}

/** False when there is nobody to signal. */
function signalGroup(leader: ProcessIdentity, signal: NodeJS.Signals): boolean {
  if (!isOurs(leader)) return false;
  try {
    process.kill(-leader.pid, signal);
    return isGroupAlive(leader);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ESRCH') return false;
    throw error;
  }
}

async function groupGone(leader: ProcessIdentity, withinMs: number): Promise<boolean> {
  const deadline = performance.now() + withinMs;
  while (isGroupAlive(leader)) {
    if (performance.now() > deadline) return false;
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
  return true;
}

export function isGroupAlive(leader: ProcessIdentity): boolean {
  if (!isOurs(leader)) return false;
  try {
    process.kill(-leader.pid, 0);
  } catch {
    return false; // nobody is left
  }
  return process.platform === 'linux' ? hasLivingMember(leader.pid) : true;
}

/** The kernel gives nobody a pid that is still a group's id; so a stranger under the pid means that the group is gone. */
function isOurs(leader: ProcessIdentity): boolean {
  const startTime = processStartTime(leader.pid);
  return startTime === null || startTime === leader.startTime;
}

/** Whether somebody listens on a TCP port who is not of that group. False where it cannot be found out: not Linux. */
export function isPortOfStranger(port: number, group: number): boolean {
  const sockets = listeningSockets(port);
  if (sockets.size === 0) return false;
  return !readdirSync('/proc').some((name) => isLivingMember(name, group) && holdsSocket(name, sockets));
}

function hasLivingMember(group: number): boolean {
  return readdirSync('/proc').some((name) => isLivingMember(name, group));
}

/** Zombies do not count: in a container without an init nobody reaps the orphans of an engine. */
function isLivingMember(pid: string, group: number): boolean {
  if (!/^\d+$/.test(pid)) return false;
  const stat = processStat(pid);
  return stat?.group === group && stat.state !== 'Z' && stat.state !== 'X';
}
