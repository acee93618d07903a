import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { Logger } from 'nestjs-pino';
import type { Settings } from '../config';
import { NvidiaSmi } from '../hardware/nvidia-smi';
import type { EngineSettings } from '../profiles/profile';
import { vllmArguments } from '../profiles/vllm-flags';
import { ContainerNoteFile, endNoted, type ContainerNote } from './container-note';
import type { ContainerLaunch } from './docker/container-spec';
import { DockerApi } from './docker/docker-api';
import { DockerDriver, endStrayContainers } from './docker/docker-driver';
import type { EngineDriver } from './engine-driver';
import { GpuNames } from './gpu-names';
import type { PodLaunch } from './kubernetes/engine-manifests';
import { KubernetesApi } from './kubernetes/kubernetes-api';
import { endStrayPods, KubernetesDriver } from './kubernetes/kubernetes-driver';
import { endStrays, ProcessDriver } from './process-driver';
import { ReadyMark } from './ready-mark';

/**
 * Given to every engine that is started here. Load tracking is what shows a request that a hung engine core never took;
 * the probes would be most of the access log.
 */
const OWN_FLAGS = [
  '--enable-server-load-tracking',
  '--disable-access-log-for-endpoints',
  '/health,/metrics,/load,/v1/models',
];

/** An engine of a profile, and what it is called. */
export interface EnginePlace {
  id: string;
  profile: string;
  engine: EngineSettings;
  /** Among the engines of the profile. */
  index: number;
}

/** Makes the driver of an engine, of the kind that is configured. */
export class DriverFactory {
  private readonly gpuNames: GpuNames;
  private docker: DockerApi | null = null;
  private kubernetes: KubernetesApi | null = null;

  constructor(
    private readonly settings: Settings,
    private readonly logger: Pick<Logger, 'log' | 'warn'>,
  ) {
    this.gpuNames = new GpuNames(new NvidiaSmi(settings.nvidiaSmiCommand, settings.engineEnvironment));
  }

  make(place: EnginePlace): EngineDriver {
    const { docker, kubernetes } = this.settings;
    if (docker !== null) return this.dockerDriver(place, docker);
    if (kubernetes !== null) return this.kubernetesDriver(place, kubernetes);
    return this.processDriver(place);
  }

  /** Ends the engines that a model-manager before us left and that no record names: they would hold GPUs for ever. */
  async endStrays(known: readonly string[]): Promise<void> {
    const { docker, kubernetes, engineStateDirectory } = this.settings;
    await endStrays(engineStateDirectory, known);
    try {
      await this.noteContainers();
      const ended =
        docker !== null
          ? await endStrayContainers(this.dockerApi(docker), docker, known)
          : kubernetes !== null
            ? await endStrayPods(this.kubernetesApi(kubernetes), kubernetes, known)
            : [];
      if (ended.length > 0) this.logger.warn({ msg: 'ended engines that nobody knew of', engines: ended });
    } catch (error) {
      // They may not be there at all, and those that are known can be started once the API is back.
      this.logger.warn({ msg: 'could not look for engines that nobody knows of', err: error });
    }
  }

  /** Those that another driver, or another address of it, has left are ended while somebody still knows of them. */
  private async noteContainers(): Promise<void> {
    const file = new ContainerNoteFile(this.settings.engineStateDirectory);
    const [former, now] = [file.read(), containerNote(this.settings)];
    if (former !== null && !isDeepStrictEqual(former, now))
      await endNoted(former).catch((error: unknown) =>
        this.logger.warn({ msg: 'engines that another driver has left could not be ended', ...former, err: error }),
      );
    if (now === null) file.remove();
    else file.write(now);
  }

  private dockerApi({ address }: NonNullable<Settings['docker']>): DockerApi {
    return (this.docker ??= new DockerApi(address));
  }

  private kubernetesApi({ namespace }: NonNullable<Settings['kubernetes']>): KubernetesApi {
    return (this.kubernetes ??= new KubernetesApi(namespace, this.settings.KUBECONFIG));
  }

  private processDriver(place: EnginePlace): EngineDriver {
    const { settings } = this;
    const { gpus } = place.engine;
    return new ProcessDriver({
      id: place.id,
      profile: place.profile,
      command: settings.engineCommand,
      args: argumentsOf(place),
      environment: settings.engineEnvironment,
      gpus: gpus === undefined ? null : () => this.gpuNames.of(gpus),
      identity: { gpus: gpus ?? null, ...simulatorVariables(settings.engineEnvironment) },
      port: this.portOf(place),
      stateDirectory: settings.engineStateDirectory,
    });
  }

  private dockerDriver(place: EnginePlace, containers: NonNullable<Settings['docker']>): EngineDriver {
    const { settings } = this;
    const { gpus } = place.engine;
    const launch: ContainerLaunch = {
      ...this.launchOf(place),
      gpus: gpus === undefined ? null : () => this.gpuNames.of(gpus),
      fingerprint: this.fingerprint(place, [containers.image, containers.network, containers.modelCache]),
      port: this.portOf(place),
    };
    const mark = new ReadyMark(settings.engineStateDirectory, place.id);
    return new DockerDriver(this.dockerApi(containers), launch, containers, mark, this.logger);
  }

  private kubernetesDriver(place: EnginePlace, pods: NonNullable<Settings['kubernetes']>): EngineDriver {
    const launch: PodLaunch = {
      ...this.launchOf(place),
      gpuCount: gpuCountOf(place.engine),
      fingerprint: this.fingerprint(place, [pods.image, pods.modelCache, pods.nodeSelector, pods.tokenSecret]),
    };
    return new KubernetesDriver(this.kubernetesApi(pods), launch, pods, this.logger);
  }

  private launchOf(place: EnginePlace) {
    const { engineCommand: command, engineEnvironment: environment } = this.settings;
    return { id: place.id, profile: place.profile, command, args: argumentsOf(place), environment };
  }

  private portOf({ index }: EnginePlace): number | undefined {
    const { ENGINE_PORT } = this.settings;
    return ENGINE_PORT === undefined ? undefined : ENGINE_PORT + index;
  }

  /** Of everything that makes one engine differ from another; no secret is in it. */
  private fingerprint(place: EnginePlace, more: unknown[]): string {
    const { engineCommand, engineEnvironment, ENGINE_SHM_MIB } = this.settings;
    const parts = [
      engineCommand,
      argumentsOf(place),
      place.engine.gpus ?? null,
      simulatorVariables(engineEnvironment),
      this.portOf(place) ?? null,
      ENGINE_SHM_MIB,
      ...more,
    ];
    return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
  }
}

/** Null: engines are processes here, or somebody else's. */
function containerNote(settings: Settings): ContainerNote | null {
  const { docker, kubernetes, DOCKER_HOST, DOCKER_CERT_PATH, KUBECONFIG } = settings;
  if (docker !== null)
    return {
      driver: 'docker',
      owner: docker.owner,
      host: DOCKER_HOST,
      ...(DOCKER_CERT_PATH === undefined ? {} : { certificates: DOCKER_CERT_PATH }),
    };
  if (kubernetes !== null)
    return {
      driver: 'kubernetes',
      owner: kubernetes.owner,
      namespace: kubernetes.namespace,
      ...(KUBECONFIG === undefined ? {} : { kubeconfig: KUBECONFIG }),
    };
  return null;
}

function argumentsOf({ engine }: EnginePlace): string[] {
  return [...vllmArguments(engine), ...OWN_FLAGS];
}

/** What the engine is split over, where the profile does not name its cards. */
function gpuCountOf({ gpus, tensorParallelSize = 1, pipelineParallelSize }: EngineSettings): number {
  if (gpus !== undefined) return gpus.length;
  return tensorParallelSize * (typeof pipelineParallelSize === 'number' ? pipelineParallelSize : 1);
}

function simulatorVariables(environment: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => name.startsWith('VLLM_SIM_')));
}
