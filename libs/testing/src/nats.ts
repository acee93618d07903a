import { mkdtempSync, rmSync } from 'node:fs';
import { connect as connectSocket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '#common/servers/free-port';
import { ensureNatsServer, writeNatsServerConfig } from '#common/servers/nats-server';
import { ServerProcess } from './server-process';

/** A real nats-server of a test. */
export interface TestNats {
  /** nats://127.0.0.1:port, without credentials; the same after a restart. */
  readonly url: string;
  readonly port: number;
  /** Of the process that runs now. */
  readonly pid: number;
  /** kill -9; what it had stored stays. */
  kill(): Promise<void>;
  /** Kills it where it still runs, and starts it again on the same port and store. */
  restart(): Promise<void>;
  /** Ends it and removes its store. */
  stop(): Promise<void>;
}

export interface NatsOptions {
  readonly jetstream?: boolean;
  /** The only one whom it lets in. */
  readonly account?: { readonly user: string; readonly password: string };
}

/** Starts a nats-server on a free port; with `jetstream` it keeps a store with `sync_interval: always`, as in production. */
export async function startNats({ jetstream = false, account }: NatsOptions = {}): Promise<TestNats> {
  const binary = await ensureNatsServer(process.env, () => undefined);
  const folder = mkdtempSync(join(tmpdir(), 'tandem-nats-'));
  const port = await freePort();
  const config = join(folder, 'nats.conf');
  writeNatsServerConfig(config, { port, ...(jetstream ? { storeDir: join(folder, 'store') } : {}), ...account });
  const server = new ServerProcess({
    command: binary,
    args: ['-c', config],
    logFile: join(folder, 'nats.log'),
    folder,
  });
  await server.start(() => greets(port));
  return {
    url: `nats://127.0.0.1:${port}`,
    port,
    get pid() {
      return server.pid;
    },
    kill: () => server.kill(),
    restart: async () => {
      await server.kill();
      await server.start(() => greets(port));
    },
    stop: async () => {
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** nats-server speaks first (INFO) as soon as it takes clients; JetStream has recovered by then. */
function greets(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connectSocket({ port, host: '127.0.0.1' });
    const answer = (is: boolean): void => {
      socket.destroy();
      resolve(is);
    };
    socket.once('data', (data: Buffer) => {
      answer(data.toString().startsWith('INFO'));
    });
    socket.once('error', () => {
      answer(false);
    });
    socket.once('close', () => {
      answer(false);
    });
  });
}
