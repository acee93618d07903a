import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { natsTarget } from '#common/bus';
import { ensureNatsServer } from '#common/servers/nats-server';
import { eventually } from '#testing/eventually';
import { freePort } from '#testing/ports';
import { startPostgres, type TestPostgres } from '#testing/postgres';
import { ServerProcess } from '#testing/server-process';
import { startServiceProcess, type TestService } from '#testing/service-process';

const CONFIGURATION = resolve(__dirname, '../../deploy/nats/nats.conf');
const USERS = ['gateway', 'chat', 'models', 'usage', 'backup'] as const;
const API_KEY = 'sk-tandem-0123456789abcdefghijklmnopqrstuv';
const WAIT = { timeoutMs: 60_000 };

describe('the users of NATS in a deployment', () => {
  let folder: string;
  let nats: ServerProcess;
  let postgres: TestPostgres;
  let port: number;
  const services: TestService[] = [];
  const connections: NatsConnection[] = [];
  const urlOf = (user: string): string => `nats://${user}:secret-of-${user}@127.0.0.1:${port}`;
  const log = (): string => readFileSync(join(folder, 'nats.log'), 'utf8');

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'tandem-nats-users-'));
    port = await freePort();
    writeFileSync(join(folder, 'passwords'), USERS.map((user) => `${user}_password: "secret-of-${user}"\n`).join(''));
    const text = readFileSync(CONFIGURATION, 'utf8')
      .replace('include ../../run/secrets/nats_passwords', 'include ./passwords')
      .replace('port: 4222', `host: 127.0.0.1\nport: ${port}`)
      .replace('http: 8222', '')
      .replace('store_dir: /data', `store_dir: "${folder}/data"`);
    writeFileSync(join(folder, 'nats.conf'), text);
    nats = new ServerProcess({
      command: await ensureNatsServer(process.env, () => undefined),
      args: ['-c', join(folder, 'nats.conf')],
      logFile: join(folder, 'nats.log'),
      folder,
    });
    await nats.start(() => Promise.resolve(log().includes('Server is ready')));
    postgres = await startPostgres();
    const common = {
      DATABASE_URL: postgres.url,
      JWT_SECRET: 'a secret that only this test knows, 32+',
      TANDEM_ADMIN_PASSWORD: 'correct horse battery staple',
      TANDEM_API_KEY: API_KEY,
      ENGINE_DRIVER: 'simulator',
      ENGINE_STATE_DIR: join(folder, 'engines'),
      VLLM_SIM_LOAD_SECONDS: '0',
    };
    const own = {
      'api-gateway': 'gateway',
      'chat-service': 'chat',
      'model-manager': 'models',
      'usage-service': 'usage',
    };
    services.push(
      ...(await Promise.all(
        Object.entries(own).map(([name, user]) => startServiceProcess(name, { ...common, NATS_URL: urlOf(user) })),
      )),
    );
  });
  afterAll(async () => {
    await Promise.all(connections.map((connection) => connection.close()));
    await Promise.all(services.map((service) => service.end()));
    await Promise.all([nats.stop(), postgres.stop()]);
    rmSync(folder, { recursive: true, force: true });
  });

  const api = (path: string, body?: object): Promise<Response> =>
    fetch(`${services[0]?.url ?? ''}${path}`, {
      method: body === undefined ? 'GET' : 'POST',
      headers: { authorization: `Bearer ${API_KEY}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  const chat = (): Promise<Response> =>
    api('/v1/chat/completions', {
      model: 'default',
      stream: true,
      messages: [{ role: 'user', content: 'Hello' }],
      max_tokens: 8,
    });

  it('have what a chat, its row in the ledger, conversations and the management of models take', async () => {
    const answer = await eventually(async () => {
      const one = await chat();
      return one.ok ? one : null;
    }, WAIT);
    expect(await answer.text()).toContain('[DONE]');
    const ledger = async (): Promise<string> => (await api('/api/usage/requests')).text();
    await eventually(async () => (await ledger()).includes('"completed"'), WAIT);
    for (const path of [
      '/api/usage/summary?groupBy=model',
      '/api/usage/export.csv',
      '/api/profiles',
      '/api/hardware',
      '/api/models/status',
      '/api/models/switches',
      '/api/models/benchmarks',
      '/api/models/alerts',
      '/api/conversations',
      '/api/prompts',
    ]) {
      const { status } = await api(path);
      expect([path, status]).toEqual([path, 200]);
    }
    expect(log()).not.toContain('Violation');
  });

  it.each([
    ['gateway', 'usage.v1.events', 'says nothing to the ledger'],
    ['gateway', 'models.v1.state', 'says nothing in the name of model-manager'],
    ['chat', 'models.v1.switches.begin', 'does not change models'],
    ['chat', 'usage.v1.replay-dead-letters', 'does not put back what the ledger refused'],
    ['chat', '$JS.API.STREAM.DELETE.USAGE', 'does not delete the ledger’s stream'],
    ['chat', '$KV.models.state', 'does not say which engines run'],
    ['models', 'usage.v1.events', 'says nothing to the ledger'],
    ['models', '$JS.API.STREAM.PURGE.USAGE', 'does not empty the ledger’s stream'],
    ['usage', 'chat.v1.generate', 'asks for no answers'],
    ['usage', 'models.v1.switches.begin', 'does not change models'],
    ['usage', 'gateway.v1.frames.x', 'sends nobody tokens'],
    ['backup', 'usage.v1.events', 'says nothing to the ledger'],
  ])('%s may not publish to %s: it %s', async (user, subject) => {
    const connection = await connect(natsTarget(urlOf(user)));
    connections.push(connection);
    const refusals = (): number => log().split(`Publish Violation - Subject "${subject}"`).length - 1;
    const before = refusals();
    connection.publish(subject, '{}');
    await connection.flush();
    await eventually(() => refusals() > before, WAIT);
  });

  it.each([
    ['usage', 'gateway.v1.frames.*'],
    ['backup', 'chat.v1.generate'],
    ['gateway', 'usage.v1.events'],
  ])('%s may not listen to %s', async (user, subject) => {
    const connection = await connect(natsTarget(urlOf(user)));
    connections.push(connection);
    const refused = (async (): Promise<string> => {
      try {
        for await (const message of connection.subscribe(subject)) return message.subject;
      } catch (error) {
        return String(error);
      }
      return 'ended';
    })();
    expect(await refused).toContain('Permissions Violation');
  });

  it('nobody is let in without a password', async () => {
    await expect(connect({ servers: `nats://127.0.0.1:${port}` })).rejects.toThrow(/Authorization Violation/);
  });
});
