import { join } from 'node:path';
import { identity, postgresArguments } from '#common/servers/postgres-server';
import { type Database, databaseProbe, databaseUrl, type ServiceSchema } from './database';
import type { Home } from './home';
import { unhurried } from './scheduling';
import type { Secrets } from './secrets';
import { serverEnvironment, serviceEnvironment } from './service-environment';
import { type Plan, postgresMarkSetting, type ServiceSpec } from './service-spec';
import type { RunningOptions } from './state';

/** As DRAIN_TIMEOUT_MS of the services. */
const DEFAULT_DRAIN_MS = 60_000;
/** What a service may take beyond its drain before it is killed. */
const GRACE_MS = 10_000;
/** model-manager stops its engines first (ENGINE_STOP_TIMEOUT_MS, 10 s); servers write out what they hold. */
const SERVER_STOP_MS = 30_000;

/**
 * How V8 shall manage the memory of a service (docs/decisions/002 has what each brought): its collector's helper threads
 * cost more on two cores than they save; a young generation of one small size frees the buffers of short requests early
 * and does not grow for hours; an old generation that may double between two full collections, where V8's own limit of a
 * tenth has every few hundred streams pay for one.
 */
export const V8_MEMORY = [
  '--single-threaded-gc',
  '--min-semi-space-size=8',
  '--max-semi-space-size=8',
  '--heap-growing-percent=100',
];

/** A nats-server of our own: its program and configuration file. */
export interface NatsProgram {
  readonly binary: string;
  readonly configFile: string;
  readonly monitorPort: number;
}

export interface Inputs {
  readonly root: string;
  readonly home: Home;
  readonly secrets: Secrets;
  readonly options: RunningOptions;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** By name of the service. */
  readonly ports: Readonly<Record<ServiceName, number>>;
  /** Null when NATS_URL names a server. */
  readonly nats: NatsProgram | null;
  /** Null when DATABASE_URL names a server. */
  readonly database: Database | null;
}

export const SERVICE_NAMES = [
  'postgres',
  'nats-server',
  'model-manager',
  'usage-service',
  'chat-service',
  'api-gateway',
] as const;
export type ServiceName = (typeof SERVICE_NAMES)[number];

/** Every process to run, in the order of start; they stop in the reverse one, so the gateway drains first. */
export function makePlan(inputs: Inputs): Plan {
  const { home, options, env } = inputs;
  return {
    home: home.dir,
    stateFile: home.stateFile,
    options,
    services: [
      ...postgres(inputs),
      ...natsServer(inputs),
      modelManager(inputs),
      app(inputs, 'usage-service', { DATABASE_URL: env['DATABASE_URL'] ?? ownDatabase(inputs, 'usage') }),
      chatService(inputs),
      gateway(inputs),
      // The engine inherits how model-manager is scheduled.
    ].map((spec) => (spec.name === 'model-manager' ? spec : { ...spec, ...unhurried(spec.command, spec.args) })),
    external: [
      ...(inputs.database === null ? [external('postgres', env['DATABASE_URL'], 5432)] : []),
      ...(inputs.nats === null ? [external('nats-server', env['NATS_URL'], 4222)] : []),
    ],
  };
}

/** Where a server of somebody else listens; the first where several are named. */
export function external(name: string, url: string | undefined, defaultPort: number): Plan['external'][number] {
  const { hostname, port } = new URL((url ?? '').split(',')[0] ?? '');
  return { name, host: hostname.replace(/^\[|\]$/g, ''), port: port === '' ? defaultPort : Number(port) };
}

function postgres({ home, database, ports, env }: Inputs): ServiceSpec[] {
  if (database === null) return [];
  const { dataDir, programs, user } = database;
  const port = ports.postgres;
  return [
    {
      name: 'postgres',
      stage: 0,
      command: programs.postgres,
      args: postgresArguments(dataDir, port, postgresMarkSetting(home.dir)),
      env: serverEnvironment('postgres', home.dir, env),
      cwd: dataDir,
      ...identity(user),
      port,
      health: { kind: 'postgres', ...databaseProbe },
      logFile: join(home.logsDir, 'postgres.log'),
      // "Fast shutdown" (PostgreSQL documentation, "Shutting Down the Server"): SIGTERM would wait for idle clients.
      stopSignal: 'SIGINT',
      stopTimeoutMs: SERVER_STOP_MS,
    },
  ];
}

function natsServer({ home, nats, ports, env }: Inputs): ServiceSpec[] {
  if (nats === null) return [];
  return [
    {
      name: 'nats-server',
      stage: 0,
      command: nats.binary,
      args: ['-c', nats.configFile],
      env: serverEnvironment('nats-server', home.dir, env),
      cwd: home.natsDir,
      port: ports['nats-server'],
      health: { kind: 'http', url: `http://127.0.0.1:${nats.monitorPort}/healthz` },
      logFile: join(home.logsDir, 'nats-server.log'),
      stopSignal: 'SIGTERM',
      stopTimeoutMs: SERVER_STOP_MS,
    },
  ];
}

function modelManager(inputs: Inputs): ServiceSpec {
  const { home, root, options } = inputs;
  return app(inputs, 'model-manager', {
    ENGINE_DRIVER: options.engine,
    ...(options.engineUrl === null ? {} : { ENGINE_URL: options.engineUrl }),
    ENGINE_STATE_DIR: home.enginesDir,
    PROFILES_DIR: inputs.env['PROFILES_DIR'] ?? join(root, 'profiles'),
  });
}

function gateway(inputs: Inputs): ServiceSpec {
  return app(inputs, 'api-gateway', {
    DATABASE_URL: inputs.env['DATABASE_URL'] ?? ownDatabase(inputs, 'gateway'),
    JWT_SECRET: inputs.env['JWT_SECRET'] ?? inputs.secrets.jwtSecret,
    FIRST_START_FILE: inputs.home.firstStartFile,
  });
}

function chatService(inputs: Inputs): ServiceSpec {
  const { env, secrets } = inputs;
  const isGiven = env['SETTINGS_ENCRYPTION_KEY'] !== undefined || env['SETTINGS_ENCRYPTION_KEY_FILE'] !== undefined;
  return app(inputs, 'chat-service', {
    DATABASE_URL: env['DATABASE_URL'] ?? ownDatabase(inputs, 'chat'),
    ...(isGiven ? {} : { SETTINGS_ENCRYPTION_KEY: secrets.settingsEncryptionKey }),
  });
}

/** One of our four services. */
function app(inputs: Inputs, name: ServiceName, own: Readonly<Record<string, string>>): ServiceSpec {
  const { root, home, env, ports, secrets } = inputs;
  const port = ports[name];
  const natsUrl = env['NATS_URL'] ?? `nats://tandem:${secrets.natsPassword}@127.0.0.1:${ports['nats-server']}`;
  return {
    name,
    stage: 1,
    command: process.execPath,
    args: [...V8_MEMORY, join(root, 'dist', 'apps', name, 'src', 'main.js')],
    env: serviceEnvironment(name, home.dir, env, {
      ...malloc(name),
      // V8 keeps what it compiled: a service starts with a fifth less CPU time.
      NODE_COMPILE_CACHE: join(root, '.cache', 'compile'),
      HOST: '127.0.0.1',
      PORT: String(port),
      NATS_URL: natsUrl,
      ...own,
    }),
    cwd: root,
    port,
    health: { kind: 'http', url: `http://127.0.0.1:${port}/health/ready` },
    logFile: join(home.logsDir, `${name}.log`),
    stopSignal: 'SIGTERM',
    stopTimeoutMs: Number(env['DRAIN_TIMEOUT_MS'] ?? DEFAULT_DRAIN_MS) + GRACE_MS,
  };
}

/**
 * One heap for glibc's malloc (mallopt(3), M_ARENA_MAX): V8's compiler threads left a heap of their own behind each, 60 MiB
 * in a gateway. Not for model-manager, whose environment the engine inherits.
 */
function malloc(name: ServiceName): Readonly<Record<string, string>> {
  return name === 'model-manager' ? {} : { MALLOC_ARENA_MAX: '1' };
}

function ownDatabase({ ports, secrets }: Inputs, schema: ServiceSchema): string {
  return databaseUrl(schema, ports.postgres, secrets);
}
