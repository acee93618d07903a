import { mkdtempSync, rmSync } from 'node:fs';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './ports';
import { findProgram } from './programs';
import { ServerProcess } from './server-process';

/** Redis is optional in Tandem, and so is it on the machine of the tests: undefined where it is not. */
export const redisServer = findProgram('redis-server');

export interface TestRedis {
  readonly url: string;
  readonly port: number;
  /** kill -9. */
  kill(): Promise<void>;
  /** Starts it again on the same port, empty. */
  restart(): Promise<void>;
  /** Ends it and removes its log. */
  stop(): Promise<void>;
}

/** Starts a real redis-server without persistence. Only where `redisServer` is defined. */
export async function startRedis(): Promise<TestRedis> {
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), 'tandem-redis-'));
  const server = new ServerProcess({
    command: redisServer ?? '',
    args: ['--port', String(port), '--save', '', '--dir', folder],
    logFile: join(folder, 'redis.log'),
    folder,
  });
  const start = (): Promise<void> => server.start(() => answers(port));
  await start();
  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    kill: () => server.kill(),
    restart: start,
    stop: async () => {
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(port, '127.0.0.1');
    socket.once('error', () => resolve(false));
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
  });
}
