import { setTimeout as wait } from 'node:timers/promises';
import { freePort, isPortFree } from '#common/servers/free-port';
import type { Logger } from 'nestjs-pino';
import { LaunchError, type EngineDriver, type ExitListener, type RunningEngine } from '../engine-driver';
import type { ReadyMark } from '../ready-mark';
import { ContainerLog } from './container-log';
import {
  containerName,
  containerSpec,
  ENGINE_PORT,
  LABELS,
  type ContainerLaunch,
  type DockerSettings,
} from './container-spec';
import { DockerError, type ContainerFacts, type DockerApi } from './docker-api';
import { exitOf } from '../exit-status';
import { launchFailure } from './launch-failure';

const ASK_AGAIN_AFTER_MS = 1_000;
/** The last words of a log explain an exit, and come before it; but the exit is told all the same. */
const LAST_WORDS_WITHIN_MS = 2_000;

/** Starts engines as containers through the Docker Engine API, and finds them again by their labels. Decides nothing. */
export class DockerDriver implements EngineDriver {
  constructor(
    private readonly api: DockerApi,
    private readonly launch: ContainerLaunch,
    private readonly settings: DockerSettings,
    private readonly readyMark: ReadyMark,
    private readonly logger: Pick<Logger, 'log' | 'warn'>,
  ) {}

  /** @throws DockerError when the daemon cannot be asked: then nobody knows what runs. */
  async find(): Promise<RunningEngine | null> {
    let found: ContainerFacts | null = null;
    for (const id of await this.ours()) {
      const facts = await this.api.inspect(id);
      if (facts === null) continue;
      if (found === null && this.isSame(facts)) found = facts;
      else await this.remove(id);
    }
    return found === null ? null : this.engine(found);
  }

  async start(signal?: AbortSignal): Promise<RunningEngine> {
    try {
      // Docker may have been away when it was looked for.
      const found = await this.find();
      if (found !== null) return found;
      await this.fetchImage(signal);
      return await this.run(this.settings.network === undefined ? await this.choosePort() : null);
    } catch (error) {
      if (error instanceof LaunchError) throw error;
      throw new LaunchError(launchFailure(error), error instanceof Error ? error.message : String(error));
    }
  }

  private async run(port: number | null): Promise<RunningEngine> {
    const { api, launch, settings } = this;
    const gpus = launch.gpus === null ? null : await launch.gpus();
    const id = await api.create(containerName(settings, launch.id), containerSpec(launch, settings, gpus, port));
    try {
      await api.start(id);
      const facts = await api.inspect(id);
      if (facts === null) throw new DockerError(404, 'The container was removed as soon as it had started');
      return this.engine(facts);
    } catch (error) {
      await this.remove(id);
      throw error;
    }
  }

  private ours(): Promise<string[]> {
    return this.api.list({ [LABELS.owner]: this.settings.owner, [LABELS.engine]: this.launch.id });
  }

  private isSame({ State, Config }: ContainerFacts): boolean {
    return State.Running && Config.Labels?.[LABELS.fingerprint] === this.launch.fingerprint;
  }

  private async remove(id: string): Promise<void> {
    await this.api.remove(id);
    this.logger.log({ msg: 'removed what was left of an engine', engine: this.launch.id, container: id });
  }

  private async fetchImage(signal: AbortSignal | undefined): Promise<void> {
    const { image } = this.settings;
    if (await this.api.hasImage(image)) return;
    this.logger.log({ msg: 'fetching the image of the engine', engine: this.launch.id, image });
    await this.api.pull(image, signal);
  }

  /** On a port that somebody else has, his answers would be taken for the engine's. */
  private async choosePort(): Promise<number> {
    const { port } = this.launch;
    if (port === undefined) return freePort();
    if (!(await isPortFree(port))) throw new LaunchError('port_in_use', `Port ${port} (ENGINE_PORT) is taken`);
    return port;
  }

  private engine({ Id: id, State, Config }: ContainerFacts): RunningEngine {
    const { api, launch, settings, readyMark } = this;
    const published = Number(Config.Labels?.[LABELS.port] ?? '');
    const tails = new Set<ContainerLog>();
    return {
      handle: id,
      url:
        published > 0 ? `http://127.0.0.1:${published}` : `http://${containerName(settings, launch.id)}:${ENGINE_PORT}`,
      startedAt: Date.parse(State.StartedAt),
      wasReady: readyMark.has(id),
      description: [settings.image, ...launch.command, 'serve', ...launch.args].join(' '),
      pid: State.Pid > 0 ? State.Pid : null,
      port: published > 0 ? published : null,
      onExit: (listener) => void this.tellExit(id, tails, listener),
      markReady: () => readyMark.set(id),
      stop: async (politeMs) => {
        if (politeMs > 0) await api.stop(id, politeMs);
        await api.remove(id);
        readyMark.clear();
      },
      tail: (onLine, from) => {
        const log = new ContainerLog(api, id, from === 'end' ? Date.now() : 0, onLine);
        tails.add(log);
        return log;
      },
    };
  }

  /** Through restarts of the daemon: containers outlive it where `live-restore` is on. */
  private async tellExit(id: string, tails: ReadonlySet<ContainerLog>, listener: ExitListener): Promise<void> {
    for (;;) {
      try {
        const { code, signal } = exitOf(await this.api.exited(id));
        const lastWords = Promise.all([...tails].map((tail) => tail.ended));
        await Promise.race([lastWords, wait(LAST_WORDS_WITHIN_MS, undefined, { ref: false })]);
        listener(code, signal);
        return;
      } catch (error) {
        const msg = 'Docker does not say whether the engine runs; asking again';
        this.logger.warn({ msg, engine: this.launch.id, err: error });
        await wait(ASK_AGAIN_AFTER_MS, undefined, { ref: false });
      }
    }
  }
}

/**
 * Removes the containers of this Tandem whose engines nobody knows of: what a model-manager before us left.
 * @throws DockerError when the daemon cannot be asked.
 */
export async function endStrayContainers(
  api: DockerApi,
  { owner }: Pick<DockerSettings, 'owner'>,
  known: readonly string[],
): Promise<string[]> {
  const ended: string[] = [];
  for (const id of await api.list({ [LABELS.owner]: owner })) {
    const engine = (await api.inspect(id))?.Config.Labels?.[LABELS.engine];
    if (engine === undefined || known.includes(engine)) continue;
    await api.remove(id);
    ended.push(engine);
  }
  return ended;
}
