import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from './eventually';
import { leash, shellWord } from './leash';
import { startNats, type TestNats } from './nats';
import { startPostgres, type TestPostgres } from './postgres';
import { startServiceProcess, type TestService } from './service-process';
import { parseMetrics } from './simulator';

export type ServiceName = 'api-gateway' | 'chat-service' | 'model-manager' | 'usage-service';

type Environment = Readonly<Record<string, string>>;

export interface SystemOptions {
  /** For all services; `VLLM_SIM_*` goes on to the engine. */
  readonly env?: Environment;
  /** The simulator of this project, or an engine that runs elsewhere. */
  readonly engine?: 'simulator' | { readonly url: string };
  /** How long the engine may take until it serves, milliseconds (default 60,000). */
  readonly readyWithinMs?: number;
  /** Servers that were there before and outlive the system; without them it has its own. */
  readonly servers?: { readonly nats: TestNats; readonly postgres: TestPostgres };
  /** The folder `dist` of another version of the services; without one, this checkout's. */
  readonly build?: string;
}

/** An engine as model-manager's `/status` tells it. */
export interface SystemEngine {
  readonly id: string;
  readonly state: string;
  readonly url: string | null;
  readonly pid: number | null;
}

/** All of Tandem, in processes of its own, on free ports. */
export interface TestSystem {
  /** Base URL of the gateway. */
  readonly url: string;
  readonly apiKey: string;
  readonly adminEmail: string;
  readonly adminPassword: string;
  readonly nats: TestNats;
  readonly postgres: TestPostgres;
  /** The first instance of each service. */
  readonly services: Readonly<Record<ServiceName, TestService>>;
  /** Of the services' processes that run now. */
  readonly pids: Readonly<Record<ServiceName, number>>;
  /** Starts one more instance of a service. It ends with the system. */
  add(service: ServiceName, env?: Environment): Promise<TestService>;
  /** kill -9. */
  kill(service: ServiceName): Promise<void>;
  /** kill -9 where it still runs, start, and wait until it is ready. */
  restart(service: ServiceName): Promise<void>;
  /** The one engine, as model-manager sees it. */
  engine(): Promise<SystemEngine>;
  /** Sums of the engine's /metrics by name. */
  engineMetrics(): Promise<Record<string, number>>;
  /** Everything that a service has logged. */
  log(service: ServiceName): string;
  stop(): Promise<void>;
}

const ADMIN = { adminEmail: 'admin@tandem.test', adminPassword: 'correct horse battery staple' };
const API_KEY = 'sk-tandem-0123456789abcdefghijklmnopqrstuv';

/** Starts nats-server, Postgres, the four services from the build, and an engine; resolves when a chat would be served. */
export async function startSystem({
  env = {},
  engine = 'simulator',
  readyWithinMs = 60_000,
  servers,
  build,
}: SystemOptions = {}): Promise<TestSystem> {
  const { nats, postgres } = servers ?? (await ownServers());
  const engines = mkdtempSync(join(tmpdir(), 'tandem-engines-'));
  // An engine outlives a killed model-manager on purpose, so the test process must see to it.
  const guard = leash(`sleep 1; ${killEngines(engines)}; rm -rf ${shellWord(engines)}`);
  const common: Environment = {
    NATS_URL: nats.url,
    DATABASE_URL: postgres.url,
    JWT_SECRET: 'a secret that only this test knows, 32+',
    TANDEM_ADMIN_EMAIL: ADMIN.adminEmail,
    TANDEM_ADMIN_PASSWORD: ADMIN.adminPassword,
    TANDEM_API_KEY: API_KEY,
    FIRST_START_FILE: join(engines, 'first-start'),
    ENGINE_STATE_DIR: engines,
    VLLM_SIM_LOAD_SECONDS: '0',
    ...(engine === 'simulator'
      ? { ENGINE_DRIVER: 'simulator' }
      : { ENGINE_DRIVER: 'external', ENGINE_URL: engine.url, NVIDIA_SMI_COMMAND: 'false' }),
    ...env,
  };
  const running: TestService[] = [];
  const add = async (name: ServiceName, more: Environment = {}): Promise<TestService> => {
    const service = await startServiceProcess(name, { ...common, ...more }, build === undefined ? {} : { build });
    running.push(service);
    return service;
  };
  const end = async (): Promise<void> => {
    await Promise.all(running.map((service) => service.end()));
    // A model-manager that a test has killed, and not started again, has left its engine.
    spawnSync('sh', ['-c', killEngines(engines)]);
    await Promise.all([...(servers === undefined ? [nats.stop(), postgres.stop()] : []), guard.release()]);
    rmSync(engines, { recursive: true, force: true });
  };
  const started = await Promise.allSettled([
    add('api-gateway'),
    add('chat-service'),
    add('model-manager'),
    add('usage-service'),
  ]);
  const failed = started.find((one) => one.status === 'rejected');
  if (failed !== undefined) {
    await end();
    throw failed.reason;
  }
  const [gateway, chat, models, usage] = started.map((one) => (one as PromiseFulfilledResult<TestService>).value) as [
    TestService,
    TestService,
    TestService,
    TestService,
  ];
  const services = { 'api-gateway': gateway, 'chat-service': chat, 'model-manager': models, 'usage-service': usage };
  const system: TestSystem = {
    url: gateway.url,
    apiKey: API_KEY,
    ...ADMIN,
    nats,
    postgres,
    services,
    get pids() {
      return Object.fromEntries(Object.entries(services).map(([name, { pid }]) => [name, pid])) as Record<
        ServiceName,
        number
      >;
    },
    add,
    kill: (name) => services[name].kill(),
    restart: async (name) => {
      await services[name].kill();
      await services[name].start();
    },
    engine: async () => {
      const status = (await (await fetch(`${models.url}/status`)).json()) as { engines: SystemEngine[] };
      const [only] = status.engines;
      if (only === undefined) throw new Error('model-manager knows no engine');
      return only;
    },
    engineMetrics: async () => {
      const { url } = await system.engine();
      return parseMetrics(await (await fetch(`${String(url)}/metrics`)).text());
    },
    log: (name) => services[name].log(),
    stop: end,
  };
  try {
    await eventually(() => servesModels(system), { timeoutMs: readyWithinMs });
  } catch (error) {
    await end();
    throw error;
  }
  return system;
}

async function ownServers(): Promise<{ nats: TestNats; postgres: TestPostgres }> {
  const [nats, postgres] = await Promise.all([startNats({ jetstream: true }), startPostgres()]);
  return { nats, postgres };
}

async function servesModels(system: TestSystem): Promise<boolean> {
  if ((await system.engine()).state !== 'ready') return false;
  const answer = await fetch(`${system.url}/v1/models`, { headers: { authorization: `Bearer ${system.apiKey}` } });
  return answer.ok && ((await answer.json()) as { data: unknown[] }).data.length > 0;
}

/** The engines' records name their process groups. */
function killEngines(folder: string): string {
  return (
    `for f in ${shellWord(folder)}/*.json; do ` +
    `g=$(sed -n 's/.*"pgid": *\\([0-9][0-9]*\\).*/\\1/p' "$f"); [ -n "$g" ] && kill -9 -- "-$g"; done 2>/dev/null`
  );
}
