import { setTimeout as wait } from 'node:timers/promises';
import type { V1Deployment } from '@kubernetes/client-node';
import type { Logger } from 'nestjs-pino';
import type { FailureCause } from '../../engines/failures';
import { LaunchError, type EngineDriver, type RunningEngine } from '../engine-driver';
import {
  ANNOTATIONS,
  engineDeployment,
  engineLabels,
  engineName,
  engineService,
  engineUrl,
  LABELS,
  type KubernetesSettings,
  type PodLaunch,
} from './engine-manifests';
import { KubernetesError, type KubernetesApi } from './kubernetes-api';
import { podState } from './pod-state';
import { PodWatch } from './pod-watch';

const LOOK_EVERY_MS = 250;
/** What the kubelet takes beyond the grace until a pod's end is known; a node that is lost never says. */
const GONE_MARGIN_MS = 60_000;

/** Starts engines as Deployments of one pod, and finds them again by their names and labels. Decides nothing. */
export class KubernetesDriver implements EngineDriver {
  private readonly name: string;
  private readonly labels: Record<string, string>;

  constructor(
    private readonly api: KubernetesApi,
    private readonly launch: PodLaunch,
    private readonly settings: KubernetesSettings,
    private readonly logger: Pick<Logger, 'log' | 'warn'>,
    /** Given up after so long, in milliseconds; only tests give it. */
    private readonly stuckForMs?: number,
  ) {
    this.name = engineName(settings, launch.id);
    this.labels = engineLabels(settings, launch.id);
  }

  /** @throws KubernetesError when the API server cannot be asked: then nobody knows what runs. */
  async find(): Promise<RunningEngine | null> {
    const found = await this.api.deployment(this.name);
    if (found === null) return null;
    if (await this.isWorthAdopting(found)) return this.engine(found);
    this.logger.log({ msg: 'removing what was left of an engine', engine: this.launch.id, deployment: this.name });
    await this.remove(0);
    return null;
  }

  async start(): Promise<RunningEngine> {
    try {
      // The API server may have been away when it was looked for.
      const found = await this.find();
      if (found !== null) return found;
      const deployment = await this.api.applyDeployment(engineDeployment(this.launch, this.settings));
      await this.api.applyService(engineService(this.launch.id, this.settings, deployment.metadata?.uid ?? ''));
      return this.engine(deployment);
    } catch (error) {
      throw new LaunchError(launchFailure(error), error instanceof Error ? error.message : String(error));
    }
  }

  private async isWorthAdopting({ metadata }: V1Deployment): Promise<boolean> {
    if (metadata?.deletionTimestamp !== undefined) return false;
    if (metadata?.annotations?.[ANNOTATIONS.fingerprint] !== this.launch.fingerprint) return false;
    return podState(await this.api.pods(this.labels)).kind !== 'ended';
  }

  private engine({ metadata }: V1Deployment): RunningEngine {
    const { api, launch, settings, name } = this;
    const uid = metadata?.uid ?? '';
    const stands = async (): Promise<boolean> => (await api.deployment(name))?.metadata?.uid === uid;
    const watched = { engineId: launch.id, labels: this.labels, stands };
    const watch = new PodWatch(api, watched, this.logger, this.stuckForMs);
    return {
      handle: uid,
      url: engineUrl(settings, launch.id),
      startedAt: metadata?.creationTimestamp?.getTime() ?? Date.now(),
      wasReady: metadata?.annotations?.[ANNOTATIONS.readyAt] !== undefined,
      description: [settings.image, ...launch.command, 'serve', ...launch.args].join(' '),
      pid: null,
      port: null,
      onExit: (listener) => void watch.begin(listener),
      markReady: (at) => void this.markReady(at),
      stop: async (politeMs) => {
        watch.stop();
        await this.remove(politeMs);
      },
      tail: (onLine, from) => watch.tail(onLine, from),
    };
  }

  private remove(politeMs: number): Promise<void> {
    return removeEngine(this.api, this.settings, this.launch.id, politeMs);
  }

  private async markReady(at: number): Promise<void> {
    try {
      await this.api.annotateDeployment(this.name, { [ANNOTATIONS.readyAt]: new Date(at).toISOString() });
    } catch (error) {
      // Without the mark an engine that hangs is adopted as one that still loads.
      this.logger.warn({ msg: 'could not mark the engine as ready', engine: this.launch.id, err: error });
    }
  }
}

/**
 * Ends an engine. Resolves when the kubelet says that no container of it runs. A pod is never deleted by force: that only
 * forgets it, and what it was may go on running on its GPUs.
 * @throws KubernetesError when that is not known within a minute beyond the grace.
 */
async function removeEngine(
  api: KubernetesApi,
  settings: Pick<KubernetesSettings, 'owner'>,
  engineId: string,
  politeMs: number,
): Promise<void> {
  const name = engineName(settings, engineId);
  const labels = engineLabels(settings, engineId);
  const deadline = performance.now() + politeMs + GONE_MARGIN_MS;
  const graceS = Math.max(1, Math.ceil(politeMs / 1_000));
  const asked = new Set<string>();
  await api.deleteDeployment(name);
  for (;;) {
    const pods = await api.pods(labels);
    for (const { metadata } of pods) {
      const { uid = '', name: pod = '' } = metadata ?? {};
      if (asked.has(uid)) continue;
      asked.add(uid);
      await api.deletePod(pod, graceS);
    }
    if (pods.length === 0 && (await api.deployment(name)) === null) return;
    if (performance.now() > deadline)
      throw new KubernetesError(null, `The pod of ${name} does not end: its node may be lost`);
    await wait(LOOK_EVERY_MS);
  }
}

/** As many as the shipped role names. */
const POSSIBLE_ENGINES = ['vllm-0', 'vllm-1', 'vllm-2', 'vllm-3'];

/**
 * Ends the engines of this Tandem that nobody knows of: what a model-manager before us left. They are found by their pods, and
 * by their names where no pod could be made yet: a role cannot allow to list only some Deployments.
 * @throws KubernetesError when the API server cannot be asked, or one does not end.
 */
export async function endStrayPods(
  api: KubernetesApi,
  settings: Pick<KubernetesSettings, 'owner'>,
  known: readonly string[],
): Promise<string[]> {
  const pods = await api.pods({ [LABELS.owner]: settings.owner });
  const engines = new Set(pods.flatMap(({ metadata }) => metadata?.labels?.[LABELS.engine] ?? []));
  for (const engine of POSSIBLE_ENGINES)
    if (!known.includes(engine) && (await hasDeployment(api, engineName(settings, engine)))) engines.add(engine);
  const strays = [...engines].filter((engine) => !known.includes(engine));
  await Promise.all(strays.map((engine) => removeEngine(api, settings, engine, 0)));
  return strays;
}

async function hasDeployment(api: KubernetesApi, name: string): Promise<boolean> {
  try {
    return (await api.deployment(name)) !== null;
  } catch (error) {
    if (error instanceof KubernetesError && error.status === 403) return false; // the role does not name it, so we cannot have made it
    throw error;
  }
}

function launchFailure(error: unknown): FailureCause {
  if (!(error instanceof KubernetesError)) return 'crashed';
  return error.status === null ? 'driver_unreachable' : 'driver_refused';
}
