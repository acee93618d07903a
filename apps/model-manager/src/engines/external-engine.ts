import type { EngineAnnouncement, EngineCounters, EngineState, ServedModel } from '#contracts/models';
import type { Logger } from 'nestjs-pino';
import { countersOf, lifeOf, type Engine, type EngineStatus } from './engine';
import { EngineApi } from './engine-api';
import type { EngineMetrics } from './engine-metrics';
import { engineStatus } from './engine-status';

/** Its list of models may change at any time; nobody tells us. */
const LOOK_EVERY_MS = 5_000;
/** While it is away, so that its return is seen soon. */
const LOOK_WHILE_AWAY_MS = 1_000;
/** Two looks in a row without an answer: one may be lost under load. */
const MISSED_LOOKS = 2;

/** An engine that somebody else runs: it is looked at, never started or stopped. */
export class ExternalEngine implements Engine {
  readonly id = 'external-0';
  private state: EngineState = { kind: 'loading', phase: 'connecting', percent: 0, startedAt: Date.now() };
  private models: ServedModel[] = [];
  private counters: EngineCounters | null = null;
  private life: string | undefined;
  private missed = 0;
  private timer: NodeJS.Timeout | undefined;
  private ended = false;

  constructor(
    private readonly url: string,
    private readonly metrics: EngineMetrics,
    private readonly logger: Pick<Logger, 'log' | 'warn'>,
  ) {}

  begin(onChange: () => void, onCounters: (counters: EngineCounters) => void): void {
    this.metrics.up.set({ engine: this.id }, 0);
    const look = async (): Promise<void> => {
      const before = JSON.stringify(this.announcement());
      await this.look();
      if (this.ended) return;
      if (JSON.stringify(this.announcement()) !== before) onChange();
      // After the announcement: who counts requests knows the life by then.
      if (this.counters !== null) onCounters(this.counters);
      const well = this.state.kind === 'ready' && this.missed === 0;
      this.timer = setTimeout(() => void look(), well ? LOOK_EVERY_MS : LOOK_WHILE_AWAY_MS);
    };
    void look();
  }

  announcement(): EngineAnnouncement {
    return {
      id: this.id,
      driver: 'external',
      profile: null,
      state: this.state,
      models: this.state.kind === 'ready' ? this.models : [],
      ...(this.life === undefined ? {} : { life: this.life }),
      maxNumSeqs: null,
      acceptsUnlistedModels: true,
    };
  }

  status(): EngineStatus {
    return { ...engineStatus(this.announcement(), this.models[0]?.id ?? null, null), url: this.url };
  }

  /** Whoever runs it brings it back. */
  failure(): null {
    return null;
  }

  isIdle(): Promise<boolean> {
    return Promise.resolve(true);
  }

  warmUp(): Promise<void> {
    return Promise.resolve();
  }

  end(): Promise<void> {
    this.ended = true;
    clearTimeout(this.timer);
    return Promise.resolve();
  }

  private async look(): Promise<void> {
    const api = new EngineApi(this.url);
    try {
      // A dead vLLM still lists its models; an engine without /health answers 404, which is an answer.
      if ((await api.health()) === 'dead') throw new Error('its /health answers 503');
      this.models = await api.models([]);
      await this.count(api);
      this.missed = 0;
      if (this.state.kind === 'ready') return;
      this.state = { kind: 'ready', url: this.url, since: Date.now() };
      this.metrics.up.set({ engine: this.id }, 1);
      this.logger.log({
        msg: 'external engine answers',
        engine: this.id,
        models: this.models.map((model) => model.id),
      });
    } catch (error) {
      this.missed += 1;
      this.counters = null;
      if (this.state.kind === 'ready' && this.missed < MISSED_LOOKS) return;
      this.fail(error);
    }
  }

  /** Another server than vLLM shows no such counters, and is not reconciled. */
  private async count(api: EngineApi): Promise<void> {
    const work = await api.work();
    this.counters = work === null ? null : countersOf(this.id, work);
    this.life = work === null ? undefined : lifeOf(this.id, work.counts.startedAt);
  }

  private fail(error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error);
    const message = `The engine at ${this.url} does not answer (${reason}). Look whether it runs and whether ENGINE_URL is right.`;
    if (this.state.kind !== 'failed') this.logger.warn({ msg: message, engine: this.id });
    this.metrics.up.set({ engine: this.id }, 0);
    // The time of the next look changes with every look and would be news each time.
    this.state = { kind: 'failed', cause: 'unreachable', message, retryAt: null };
  }
}
