import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';

/**
 * Below Linux's range of ephemeral ports (32768-60999, ip_local_port_range): a port from that range can be taken by
 * somebody's outgoing connection while the service that owns it restarts.
 */
const LOWEST = 20_000;
const HIGHEST = 32_000;

const handedOut = new Set<number>();

/** Whether nobody listens on the port of that address now. */
export function isPortFree(port: number, host = '127.0.0.1'): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => {
      resolve(false);
    });
    server.listen({ port, host, exclusive: true }, () => {
      server.close(() => {
        resolve(true);
      });
    });
  });
}

/** A server that was given a port listens on it within this time, or never. */
const RESERVED_MS = 60_000;

/**
 * Tells other processes that look for a port that this one is taken: until its server listens, nothing of TCP says so. The
 * sign is a UDP socket of the same number. @returns false where somebody else has made it.
 */
function reserve(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const sign = createSocket('udp4');
    sign.once('error', ({ code }: NodeJS.ErrnoException) => {
      sign.close();
      // Where there is no UDP nobody can make the sign.
      resolve(code !== 'EADDRINUSE');
    });
    sign.bind({ port, address: '127.0.0.1', exclusive: true }, () => {
      sign.unref();
      setTimeout(() => sign.close(), RESERVED_MS).unref();
      resolve(true);
    });
  });
}

/** A free TCP port on loopback that neither this process nor, within the last minute, another one here has been given. */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < 200; attempt++) {
    const port = LOWEST + Math.floor(Math.random() * (HIGHEST - LOWEST));
    if (handedOut.has(port)) continue;
    handedOut.add(port);
    if ((await isPortFree(port)) && (await reserve(port))) return port;
  }
  throw new Error(`no free TCP port found between ${LOWEST} and ${HIGHEST}`);
}
