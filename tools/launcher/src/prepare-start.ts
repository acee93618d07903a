import { join } from 'node:path';
import { freePort, isPortFree } from '#common/servers/free-port';
import { ensureNatsServer, natsMonitorPort, writeNatsServerConfig } from '#common/servers/nats-server';
import { isSameProcessAlive } from '#common/servers/process-identity';
import { prepareDatabase } from './database';
import { chooseEngine } from './engine-choice';
import { assertForeignServers } from './foreign-servers';
import type { Home } from './home';
import type { StartOptions } from './options';
import { makePlan, type NatsProgram, SERVICE_NAMES, type ServiceName } from './plan';
import { portOwner } from './port-owner';
import { openSecrets, type Secrets } from './secrets';
import type { Plan } from './service-spec';
import type { RunningOptions, SystemState } from './state';
import { endUnknownServices } from './strays';
import { plainReason, Trouble } from './trouble';

const DEFAULT_PORT = 8080;

export interface StartContext {
  readonly root: string;
  readonly home: Home;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly log: (line: string) => void;
}

/**
 * Everything that must be there before the first process starts, and the plan for the supervisor. Processes of `former` that
 * still live keep their ports, so that they can be taken over.
 * @throws Trouble with the one reason why it cannot be done
 */
export async function prepareStart(
  context: StartContext,
  wished: StartOptions,
  former: SystemState | null,
): Promise<Plan> {
  const { root, home, env, log } = context;
  const alive = new Map(
    (former?.services ?? []).flatMap(({ name, port, process }) =>
      process !== null && isSameProcessAlive(process) ? [[name, { port, pid: process.pid }]] : [],
    ),
  );
  if (alive.size > 0) log(`taking over what still runs: ${[...alive.keys()].join(', ')}`);
  await endUnknownServices(home.dir, new Set([...alive.values()].map(({ pid }) => pid)));
  const secrets = openSecrets(home.secretsFile);
  const options = await runningOptions(context, wished, alive.size > 0 ? (former?.options ?? null) : null);
  if (!alive.has('api-gateway')) await assertGatewayPort(options.port);
  await assertForeignServers(env);
  const ports = await choosePorts(options.port, (name) => alive.get(name)?.port);
  const [nats, database] = await Promise.all([
    env['NATS_URL'] === undefined
      ? prepareNats(context, secrets, ports['nats-server'], alive.has('nats-server'))
      : null,
    env['DATABASE_URL'] === undefined ? prepareDatabase(home, secrets, alive.has('postgres'), log) : null,
  ]);
  return makePlan({ root, home, secrets, options, env, ports, nats, database });
}

async function runningOptions(
  { env, log }: StartContext,
  wished: StartOptions,
  former: RunningOptions | null,
): Promise<RunningOptions> {
  // What still runs has its port; 0 is content with any.
  const port = former?.port ?? wished.port ?? DEFAULT_PORT;
  const rest = { port: port === 0 ? await freePort() : port, engineUrl: wished.engineUrl ?? former?.engineUrl ?? null };
  if (wished.engine !== null) return { engine: wished.engine, ...rest };
  if (former !== null) return { engine: former.engine, ...rest };
  const { engine, because } = await chooseEngine(env);
  if (engine === 'simulator') {
    log(`ENGINE: THE SIMULATOR, because ${because}. Its answers are made up and marked as simulated.`);
  } else {
    log(`engine: ${engine}, because ${because}`);
  }
  return { engine, ...rest };
}

async function assertGatewayPort(port: number): Promise<void> {
  if (await isPortFree(port)) return;
  const owner = portOwner(port);
  const by = owner === null ? 'by another process' : `by ${owner}`;
  throw new Trouble(
    port < 1024 && owner === null
      ? `port ${port} cannot be used: it is taken, or ports below 1024 need more rights (--port N chooses another)`
      : `port ${port} is taken ${by} (--port N chooses another)`,
  );
}

async function choosePorts(
  gateway: number,
  keptBy: (name: ServiceName) => number | undefined,
): Promise<Record<ServiceName, number>> {
  const chosen = await Promise.all(
    SERVICE_NAMES.map(async (name) => {
      const port = name === 'api-gateway' ? gateway : (keptBy(name) ?? (await freePort()));
      return [name, port] as const;
    }),
  );
  return Object.fromEntries(chosen) as Record<ServiceName, number>;
}

async function prepareNats(
  { home, env, log }: StartContext,
  secrets: Secrets,
  port: number,
  isRunning: boolean,
): Promise<NatsProgram> {
  let binary: string;
  try {
    binary = await ensureNatsServer(env, log);
  } catch (error) {
    throw new Trouble(plainReason(error));
  }
  const configFile = join(home.natsDir, 'nats.conf');
  const monitorPort = (isRunning ? natsMonitorPort(configFile) : null) ?? (await freePort());
  writeNatsServerConfig(configFile, {
    port,
    monitorPort,
    storeDir: join(home.natsDir, 'jetstream'),
    user: 'tandem',
    password: secrets.natsPassword,
  });
  return { binary, configFile, monitorPort };
}
