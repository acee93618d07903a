import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '#testing/eventually';
import { ServerProcess } from '#testing/server-process';
import { Bus } from './bus';
import { freePort } from './servers/free-port';
import { ensureNatsServer, writeNatsServerConfig } from './servers/nats-server';
import { acceptsConnections } from './servers/probe';

describe('the connection to nats-server', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tandem-bus-'));
  const config = join(folder, 'nats.conf');
  let server: ServerProcess;
  let port: number;
  /** What it has warned of. */
  let warnings: string[];
  const logger = {
    log: () => undefined,
    warn: (told: unknown) =>
      void warnings.push(typeof told === 'string' ? told : String((told as { msg: unknown }).msg)),
  };
  const connect = (): Promise<Bus> => Bus.connect(`nats://tandem:right@127.0.0.1:${port}`, 'test', logger);
  const startServer = async (password: string): Promise<void> => {
    writeNatsServerConfig(config, { port, user: 'tandem', password });
    await server.start(() => acceptsConnections('127.0.0.1', port));
  };
  const refusals = (): number => warnings.filter((told) => told.includes('the password of NATS_URL')).length;

  beforeEach(async () => {
    warnings = [];
    port = await freePort();
    const command = await ensureNatsServer(process.env, () => undefined);
    server = new ServerProcess({ command, args: ['-c', config], logFile: join(folder, 'nats.log'), folder });
  });
  afterEach(() => server.stop());
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('is waited for, and the log says for whom', async () => {
    const connecting = connect();
    await eventually(() => warnings.some((told) => told.includes(`nobody answers at nats://127.0.0.1:${port}`)));
    await startServer('right');
    const bus = await connecting;
    expect(bus.connected).toBe(true);
    await bus.close();
  });

  it('is waited for where the server does not let it in, and the log says why', async () => {
    await startServer('wrong');
    const connecting = connect();
    await eventually(() => refusals() > 0);
    await server.stop();
    await startServer('right');
    await (await connecting).close();
  });

  it('comes back when the server lets it in again, however often it was refused', async () => {
    await startServer('right');
    const bus = await connect();
    await server.stop();
    await startServer('changed');
    await eventually(() => refusals() >= 4);
    await server.stop();
    await startServer('right');
    await eventually(() => bus.connected);
    await bus.connection.flush();
    await bus.close();
  });
});
