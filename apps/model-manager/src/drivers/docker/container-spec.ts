import { CACHE_MOUNT, containerEnvironment } from '../container-environment';

/** Labels by which a container is found again. None of them holds anything secret. */
export const LABELS = {
  /** Which Tandem it belongs to: two on one machine leave each other's engines alone. */
  owner: 'tandem.owner',
  engine: 'tandem.engine',
  profile: 'tandem.profile',
  /** Of everything that makes one engine differ from another. */
  fingerprint: 'tandem.fingerprint',
  /** Published on loopback; empty where the engine is reached by its name. */
  port: 'tandem.port',
} as const;

/** Port of the engine inside its container. */
export const ENGINE_PORT = 8_000;

/** As much of a log as is kept, in two files; vLLM writes a line or two a request. */
const LOG_FILE_BYTES = '64m';

/** What the operator decides about containers. */
export interface DockerSettings {
  owner: string;
  /** With its digest: the same profile starts the same vLLM tomorrow. */
  image: string;
  /** A network that model-manager is on too: then no port is published. */
  network: string | undefined;
  /** A volume's name, or a folder of the host. */
  modelCache: string;
  sharedMemoryBytes: number;
}

export interface ContainerLaunch {
  id: string;
  profile: string;
  /** The program and its first arguments; `serve` and `args` follow. */
  command: readonly string[];
  args: readonly string[];
  environment: Readonly<Record<string, string>>;
  /** UUIDs of the cards that it may see; null: all of them. Asked for at each start. */
  gpus: (() => Promise<readonly string[]>) | null;
  fingerprint: string;
  /** Published on loopback; undefined: a free one. */
  port: number | undefined;
}

/** The body of `POST /containers/create`, as far as it is used. */
export interface ContainerSpec {
  Image: string;
  Entrypoint: string[];
  Cmd: string[];
  Env: string[];
  Labels: Record<string, string>;
  StopSignal: string;
  ExposedPorts: Record<string, Record<string, never>>;
  HostConfig: {
    DeviceRequests: DeviceRequest[];
    IpcMode: string;
    ShmSize: number;
    Init: boolean;
    AutoRemove: boolean;
    RestartPolicy: { Name: string };
    NetworkMode?: string;
    PortBindings: Record<string, { HostIp: string; HostPort: string }[]>;
    Mounts: { Type: 'volume' | 'bind'; Source: string; Target: string }[];
    CapDrop: string[];
    CapAdd: string[];
    SecurityOpt: string[];
    LogConfig: { Type: string; Config: Record<string, string> };
  };
}

interface DeviceRequest {
  Driver: string;
  Count?: number;
  DeviceIDs?: string[];
  Capabilities: string[][];
}

export function containerName({ owner }: DockerSettings, engineId: string): string {
  return `tandem-${owner}-${engineId}`;
}

/**
 * The container of an engine.
 * @param gpus UUIDs; null: all.
 * @param port published on loopback; null where the engine is reached by its name on a network.
 */
export function containerSpec(
  launch: ContainerLaunch,
  settings: DockerSettings,
  gpus: readonly string[] | null,
  port: number | null,
): ContainerSpec {
  const { command, args } = launch;
  const inside = `${ENGINE_PORT}/tcp`;
  return {
    Image: settings.image,
    Entrypoint: [...command],
    // All addresses of the container's own network; the host publishes it on loopback alone.
    Cmd: ['serve', ...args, '--host', '0.0.0.0', '--port', String(ENGINE_PORT)],
    Env: Object.entries(containerEnvironment(launch.environment)).map(([name, value]) => `${name}=${value}`),
    Labels: {
      [LABELS.owner]: settings.owner,
      [LABELS.engine]: launch.id,
      [LABELS.profile]: launch.profile,
      [LABELS.fingerprint]: launch.fingerprint,
      [LABELS.port]: port === null ? '' : String(port),
    },
    StopSignal: 'SIGTERM',
    ExposedPorts: { [inside]: {} },
    HostConfig: {
      DeviceRequests: [deviceRequest(gpus)],
      // Tensor parallel workers talk through /dev/shm, of which a container has 64 MiB by default.
      IpcMode: 'private',
      ShmSize: settings.sharedMemoryBytes,
      // vLLM's workers become orphans when its API server dies; an init reaps them, and its end ends them all.
      Init: true,
      AutoRemove: false,
      RestartPolicy: { Name: 'no' }, // who restarts an engine is model-manager
      ...(settings.network === undefined ? {} : { NetworkMode: settings.network }),
      PortBindings: port === null ? {} : { [inside]: [{ HostIp: '127.0.0.1', HostPort: String(port) }] },
      Mounts: [modelCache(settings.modelCache)],
      CapDrop: ['ALL'],
      // The image's root writes into a mounted folder that belongs to somebody else.
      CapAdd: ['DAC_OVERRIDE'],
      SecurityOpt: ['no-new-privileges'],
      // A driver whose log can be read back, whatever the daemon's default is.
      LogConfig: { Type: 'json-file', Config: { 'max-size': LOG_FILE_BYTES, 'max-file': '2' } },
    },
  };
}

/** Only these cards, by UUID: an index may mean another card after a reboot. */
function deviceRequest(gpus: readonly string[] | null): DeviceRequest {
  const Capabilities = [['gpu']];
  return gpus === null
    ? { Driver: 'nvidia', Count: -1, Capabilities }
    : { Driver: 'nvidia', DeviceIDs: [...gpus], Capabilities };
}

function modelCache(source: string): ContainerSpec['HostConfig']['Mounts'][number] {
  return { Type: source.startsWith('/') ? 'bind' : 'volume', Source: source, Target: CACHE_MOUNT };
}
