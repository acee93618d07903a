import type { ServedModel } from '#contracts/models';
import { EngineApi, type EngineCounts } from './engine-api';
import type { LifecycleEvent } from './lifecycle-model';
import { warmUp } from './warm-up';
import { stalledMs, watchProgress, type ProgressWatch } from './progress';

export interface WatchSettings {
  url: string;
  aliases: readonly string[];
  hangTimeoutMs: number;
  /** Whether it is somebody else who answers at the URL. */
  isStranger: () => boolean;
  /** Whether the engine has served already: then its progress is judged, and it is asked less often. */
  isServing: () => boolean;
  tell: (event: LifecycleEvent) => void;
  onWork: (work: { busy: number; counts: EngineCounts }) => void;
}

/** Often while it loads, so that readiness is seen at once; then once a second. */
const PROBE_LOADING_MS = 200;
const PROBE_SERVING_MS = 1_000;
/** vLLM's /metrics is some 100 KB and costs it milliseconds: not with every probe. */
const PROGRESS_EVERY_MS = 2_000;
const DRAIN_LOOK_MS = 250;

/** Asks one running engine how it is, again and again, and tells what changed as events of its life. */
export class EngineWatch {
  private readonly api: EngineApi;
  private progress: ProgressWatch | null = null;
  private progressLookedAt = 0;
  private timer: NodeJS.Timeout | undefined;
  private ended = false;
  private served: ServedModel[] = [];
  private startedAt: string | null = null;
  private readonly own = { promptTokens: 0, generationTokens: 0 };

  constructor(private readonly settings: WatchSettings) {
    this.api = new EngineApi(settings.url);
  }

  /** What it serves; known from the first time that it answered. */
  get models(): ServedModel[] {
    return this.served;
  }

  /** When the engine says that it started; null when it does not tell. */
  get engineStartedAt(): string | null {
    return this.startedAt;
  }

  begin(): void {
    this.timer = setTimeout(
      () => {
        void this.probe().finally(() => {
          if (!this.ended) this.begin();
        });
      },
      this.settings.isServing() ? PROBE_SERVING_MS : PROBE_LOADING_MS,
    );
  }

  end(): void {
    this.ended = true;
    clearTimeout(this.timer);
  }

  /** Whether the engine is healthy and names its models, which are remembered. */
  async answers(): Promise<boolean> {
    try {
      if ((await this.api.health()) !== 'healthy' || this.settings.isStranger()) return false;
      this.served = await this.api.models(this.settings.aliases);
      this.startedAt = (await this.api.work())?.counts.startedAt ?? null;
      return true;
    } catch {
      return false; // the next probe asks again
    }
  }

  /** Resolves when it holds no request any more, cannot say, or the time is over. */
  async drained(withinMs: number): Promise<void> {
    const deadline = performance.now() + withinMs;
    while (!this.ended && performance.now() < deadline) {
      const sample = await this.api.work();
      if (sample === null || sample.busy === 0) return;
      await new Promise((resolve) => setTimeout(resolve, DRAIN_LOOK_MS));
    }
  }

  async isIdle(): Promise<boolean> {
    return ((await this.api.work())?.busy ?? 0) === 0;
  }

  /** @throws EngineFailed */
  async warmUp(model: string): Promise<void> {
    const { promptTokens, generationTokens } = await warmUp(this.settings.url, model);
    this.own.promptTokens += promptTokens;
    this.own.generationTokens += generationTokens;
  }

  private async probe(): Promise<void> {
    const health = await this.api.health();
    if (this.ended) return;
    // The port was free when the engine was told it, and it takes vLLM seconds to listen: somebody may have come before.
    if (health !== 'no-answer' && !this.settings.isServing() && this.settings.isStranger()) return;
    if (health === 'dead') {
      this.tell({ kind: 'engine-dead', at: Date.now() });
    } else if (health === 'no-answer') {
      this.tell({ kind: 'no-answer', at: Date.now() });
    } else if (this.settings.isServing()) {
      this.tell({ kind: 'healthy', at: Date.now() });
      await this.judgeProgress();
    } else if (await this.answers()) {
      this.tell({ kind: 'healthy', at: Date.now() });
    }
  }

  private async judgeProgress(): Promise<void> {
    if (performance.now() - this.progressLookedAt < PROGRESS_EVERY_MS) return;
    this.progressLookedAt = performance.now();
    const sample = await this.api.work();
    if (sample === null) return;
    this.startedAt = sample.counts.startedAt;
    this.settings.onWork({ busy: sample.busy, counts: this.ofOthers(sample.counts) });
    this.progress = watchProgress(this.progress, sample, performance.now());
    const forMs = stalledMs(this.progress, performance.now());
    if (forMs >= this.settings.hangTimeoutMs) this.tell({ kind: 'hung', at: Date.now(), forMs });
  }

  /** What we asked for ourselves is no usage, and the ledger has no row for it. */
  private ofOthers(counts: EngineCounts): EngineCounts {
    return {
      startedAt: counts.startedAt,
      promptTokens: counts.promptTokens - this.own.promptTokens,
      generationTokens: counts.generationTokens - this.own.generationTokens,
    };
  }

  /** News of an engine that was ended while we asked is no news. */
  private tell(event: LifecycleEvent): void {
    if (!this.ended) this.settings.tell(event);
  }
}
