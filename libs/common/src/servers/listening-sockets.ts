import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** State of a listening socket in /proc/net/tcp (net/tcp_states.h). */
const LISTEN = '0A';

/** Inodes of the sockets that listen on a TCP port. None where it cannot be found out: not Linux. */
export function listeningSockets(port: number): ReadonlySet<string> {
  return new Set(['/proc/net/tcp', '/proc/net/tcp6'].flatMap((table) => listeningInodes(table, port)));
}

/** Whether a process holds one of these sockets. Those of other users are closed to us, and hold none as far as we see. */
export function holdsSocket(pid: string, sockets: ReadonlySet<string>): boolean {
  return numericEntries(`/proc/${pid}/fd`).some((descriptor) => {
    const inode = /^socket:\[(\d+)\]$/.exec(quietly(() => readlinkSync(`/proc/${pid}/fd/${descriptor}`)) ?? '')?.[1];
    return inode !== undefined && sockets.has(inode);
  });
}

/** Pids, or numbers of descriptors: what /proc lists beside names. */
export function numericEntries(folder: string): string[] {
  return (quietly(() => readdirSync(folder)) ?? []).filter((name) => /^\d+$/.test(name));
}

/** Processes come and go while we look. */
export function quietly<T>(read: () => T): T | null {
  try {
    return read();
  } catch {
    return null;
  }
}

function listeningInodes(table: string, port: number): string[] {
  const hexPort = port.toString(16).toUpperCase().padStart(4, '0');
  const lines = (quietly(() => readFileSync(table, 'utf8')) ?? '').split('\n').slice(1);
  return lines.flatMap((line) => {
    const fields = line.trim().split(/\s+/);
    const inode = fields[9];
    return fields[1]?.endsWith(`:${hexPort}`) === true && fields[3] === LISTEN && inode !== undefined ? [inode] : [];
  });
}
