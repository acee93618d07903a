import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { parse } from 'yaml';
import { openBucket } from '#common/bucket';
import { Bus } from '#common/bus';
import { freePort } from '#common/servers/free-port';
import { ensureNatsServer } from '#common/servers/nats-server';
import { ensureUsageStream } from '#common/usage-stream';
import { USAGE_STREAM, UsageSubjects } from '#contracts/usage';
import { eventually } from '#testing/eventually';
import { ServerProcess } from '#testing/server-process';

interface Values {
  config: {
    cluster: { replicas: number };
    jetstream: { merge: { sync_interval: string } };
    merge: { max_payload: string };
  };
}

const VALUES = parse(
  readFileSync(resolve(__dirname, '../../deploy/k8s/helm/nats.yaml'), 'utf8').replaceAll(/<< (\S+) >>/g, '$1'),
) as Values;
const WITHIN = { timeoutMs: 60_000 };

describe('NATS as its Helm values of deploy/k8s have it: a cluster', () => {
  const { cluster, jetstream: store, merge } = VALUES.config;
  const folder = mkdtempSync(join(tmpdir(), 'tandem-nats-cluster-'));
  const servers: ServerProcess[] = [];
  let ports: number[];
  let connection: NatsConnection;
  let bus: Bus;

  beforeAll(async () => {
    const binary = await ensureNatsServer(process.env, () => undefined);
    ports = await Promise.all(Array.from({ length: cluster.replicas }, () => freePort()));
    const routes = await Promise.all(ports.map(() => freePort()));
    for (const [index, port] of ports.entries()) {
      const config = join(folder, `${index}.conf`);
      writeFileSync(
        config,
        `server_name: nats-${index}\nhost: 127.0.0.1\nport: ${port}\nmax_payload: ${merge.max_payload}\n` +
          `jetstream { store_dir: "${join(folder, String(index))}", sync_interval: ${store.merge.sync_interval} }\n` +
          `cluster { name: nats, host: 127.0.0.1, port: ${routes[index]}, ` +
          `routes: [${routes.map((route) => `"nats://127.0.0.1:${route}"`).join(', ')}] }\n`,
      );
      const logFile = join(folder, `${index}.log`);
      servers.push(new ServerProcess({ command: binary, args: ['-c', config], logFile, folder }));
    }
    await Promise.all(servers.map((server, index) => server.start(() => answers(ports[index]!))));
    connection = await connect({ servers: ports.map((port) => `127.0.0.1:${port}`), maxReconnectAttempts: -1 });
    const quiet = { warn: () => undefined, log: () => undefined };
    bus = await Bus.connect(`nats://127.0.0.1:${ports[0]}`, 'test', quiet, 3);
  });
  afterAll(async () => {
    await bus.close();
    await connection.close();
    await Promise.all(servers.map((server) => server.stop()));
    rmSync(folder, { recursive: true, force: true });
  });

  it('keeps the ledger and the state on three servers, an older stream as well, and goes on without one of them', async () => {
    // Chosen leaders are what JetStream needs before it makes anything.
    const manager = await eventually(() => jetstreamManager(connection), WITHIN);
    await eventually(() => ensureUsageStream(manager, 1).then(() => true), WITHIN);
    await eventually(() => ensureUsageStream(manager, 3, 1024 * 1024).then(() => true), WITHIN);
    await eventually(() => openBucket(bus, 'models'), WITHIN);
    for (const name of [USAGE_STREAM, 'KV_models'])
      expect((await manager.streams.info(name)).config.num_replicas).toBe(3);
    await eventually(async () => {
      const { cluster: copies } = await manager.streams.info(USAGE_STREAM);
      return copies?.replicas?.length === 2 && copies.replicas.every(({ current }) => current);
    }, WITHIN);

    await servers[2]!.kill();
    const ack = await eventually(() => jetstream(connection).publish(UsageSubjects.events, '[]'), WITHIN);
    expect(ack.stream).toBe(USAGE_STREAM);
  });

  async function answers(port: number): Promise<boolean> {
    try {
      await (await connect({ servers: `127.0.0.1:${port}`, timeout: 1_000 })).close();
      return true;
    } catch {
      return false; // not up yet
    }
  }
});
