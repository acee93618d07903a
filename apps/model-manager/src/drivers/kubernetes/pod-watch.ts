import { setTimeout as wait } from 'node:timers/promises';
import type { Logger } from 'nestjs-pino';
import { exitOf } from '../exit-status';
import type { ExitListener } from '../engine-driver';
import type { KubernetesApi } from './kubernetes-api';
import { PodLog } from './pod-log';
import { podState, type PodState } from './pod-state';

/** Its end is also seen by the streams that it cuts; a second more or less is not felt here. */
const LOOK_EVERY_MS = 1_000;
/** So long a pod may find no node or no image: a registry or a node may be away for a moment. */
const STUCK_FOR_MS = 120_000;
/** The last words of a log explain an exit, and come before it; but the exit is told all the same. */
const LAST_WORDS_WITHIN_MS = 2_000;

/** What is known of the engine before this watch began. */
interface Watched {
  engineId: string;
  labels: Readonly<Record<string, string>>;
  /** Whether its Deployment still stands. */
  stands: () => Promise<boolean>;
}

/**
 * Looks at the pod of an engine until it ends, tells its log, and between the lines what Kubernetes does with it: an
 * operator reads there why a model does not come.
 */
export class PodWatch {
  private readonly logs = new Set<PodLog>();
  private state: PodState = { kind: 'none' };
  private stuckSince: number | null = null;
  private readonly stopping = new AbortController();

  constructor(
    private readonly api: KubernetesApi,
    private readonly watched: Watched,
    private readonly logger: Pick<Logger, 'warn'>,
    private readonly stuckForMs = STUCK_FOR_MS,
  ) {}

  tail(onLine: (line: string) => void, from: 'start' | 'end'): PodLog {
    const log = new PodLog(this.api, onLine, from === 'end' ? new Date() : null);
    this.logs.add(log);
    log.tell(this.state);
    return log;
  }

  stop(): void {
    this.stopping.abort();
    for (const log of this.logs) log.close();
  }

  /** Tells once how it ended; not at all when it is stopped before. */
  async begin(onExit: ExitListener): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      try {
        const end = await this.look();
        if (end !== null) {
          await this.tellEnd(end, onExit);
          return;
        }
      } catch (error) {
        // An API server that is away says nothing about the engine.
        const msg = 'Kubernetes does not say how the engine is; asking again';
        this.logger.warn({ msg, engine: this.watched.engineId, err: error });
      }
      await wait(LOOK_EVERY_MS, undefined, { signal, ref: false }).catch(() => undefined); // stopped meanwhile
    }
  }

  private async look(): Promise<{ code: number | null } | null> {
    const state = podState(await this.api.pods(this.watched.labels));
    this.state = state;
    for (const log of this.logs) log.tell(state);
    if (state.kind === 'ended') return { code: state.code };
    if (state.kind === 'none' && !(await this.watched.stands())) return { code: null };
    if (state.kind !== 'stuck') this.stuckSince = null;
    else this.stuckSince ??= performance.now();
    const stuck = this.stuckSince !== null && performance.now() - this.stuckSince >= this.stuckForMs;
    return stuck ? { code: null } : null;
  }

  private async tellEnd({ code }: { code: number | null }, onExit: ExitListener): Promise<void> {
    if (this.state.kind === 'ended') {
      const lastWords = Promise.all([...this.logs].map((log) => log.ended));
      await Promise.race([lastWords, wait(LAST_WORDS_WITHIN_MS, undefined, { ref: false })]);
    }
    const exit = exitOf(code);
    if (!this.stopping.signal.aborted) onExit(exit.code, exit.signal);
  }
}
