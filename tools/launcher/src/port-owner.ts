import { readFileSync } from 'node:fs';
import { holdsSocket, listeningSockets, numericEntries, quietly } from '#common/servers/listening-sockets';

/** Who listens on a TCP port, as "name (pid N)". Null when it cannot be found out: not Linux, or another user's. */
export function portOwner(port: number): string | null {
  const sockets = listeningSockets(port);
  if (sockets.size === 0) return null;
  const owner = numericEntries('/proc').find((pid) => holdsSocket(pid, sockets));
  return owner === undefined ? null : `${commandName(owner)} (pid ${owner})`;
}

function commandName(pid: string): string {
  const words = (quietly(() => readFileSync(`/proc/${pid}/cmdline`, 'utf8')) ?? '').split('\0');
  return words.slice(0, 2).join(' ').trim() || 'a process';
}
