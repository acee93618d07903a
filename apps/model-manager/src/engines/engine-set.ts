import type { EngineAnnouncement, EngineCounters } from '#contracts/models';
import type { SwitchProgress } from '#contracts/switching';
import type { Profile } from '../profiles/profile';
import type { Engine, EngineFailure, EngineStatus, StopOptions } from './engine';

/** Which engines a profile has: enough to find them again. `ids` are in the order of its engines. */
export interface EngineSetPlan {
  profile: Profile;
  ids: string[];
}

/** Together: one that failed fails them all, and they are ready when each is. */
export type EngineSetHealth = { kind: 'coming' } | { kind: 'ready' } | ({ kind: 'failed' } & EngineFailure);

export interface EngineSetListeners {
  onChange: () => void;
  onCounters: (counters: EngineCounters) => void;
}

/** The engines of one profile. Begun once, ended once. */
export class EngineSet {
  private begun = false;
  private ended = false;

  constructor(
    /** Null: the engine of somebody else. */
    readonly plan: EngineSetPlan | null,
    private readonly engines: readonly Engine[],
  ) {}

  get profile(): string | null {
    return this.plan?.profile.name ?? null;
  }

  get ids(): string[] {
    return this.engines.map(({ id }) => id);
  }

  /** It was begun, and has not been ended. */
  get isAlive(): boolean {
    return this.begun && !this.ended;
  }

  /** Adopts what runs already, and starts the rest. */
  begin({ onChange, onCounters }: EngineSetListeners): void {
    if (this.begun) return;
    this.begun = true;
    for (const engine of this.engines) engine.begin(onChange, onCounters);
  }

  async end(options: StopOptions): Promise<void> {
    this.ended = true;
    await Promise.all(this.engines.map((engine) => engine.end(options)));
  }

  announcements(): EngineAnnouncement[] {
    return this.engines.map((engine) => engine.announcement());
  }

  status(): EngineStatus[] {
    return this.engines.map((engine) => engine.status());
  }

  health(): EngineSetHealth {
    for (const engine of this.engines) {
      const failure = engine.failure();
      if (failure !== null) return { kind: 'failed', ...failure };
    }
    const ready = this.engines.every((engine) => engine.announcement().state.kind === 'ready');
    return { kind: ready ? 'ready' : 'coming' };
  }

  /** One failed, and none serves: where one of two does, that is better than another model. */
  get isDown(): boolean {
    return (
      this.health().kind === 'failed' && !this.engines.some((engine) => engine.announcement().state.kind === 'ready')
    );
  }

  /** Of the engine that is furthest behind; null when none loads. */
  progress(): Omit<SwitchProgress, 'readyInS'> | null {
    const loading = this.announcements().flatMap(({ state }) => (state.kind === 'loading' ? [state] : []));
    const [last] = loading.sort((one, other) => one.percent - other.percent);
    return last === undefined ? null : { phase: last.phase, percent: last.percent };
  }

  /** Whether no engine holds a request, as far as the engines tell. */
  async isIdle(): Promise<boolean> {
    return (await Promise.all(this.engines.map((engine) => engine.isIdle()))).every((idle) => idle);
  }

  /** A first request to each. @throws EngineFailed */
  async warmUp(): Promise<void> {
    await Promise.all(this.engines.map((engine) => engine.warmUp()));
  }
}

/** The lowest ids that are free: they stay few and short over many switches. */
export function freeIds(count: number, taken: readonly string[]): string[] {
  const ids: string[] = [];
  for (let number = 0; ids.length < count; number++) {
    const id = `vllm-${number}`;
    if (!taken.includes(id)) ids.push(id);
  }
  return ids;
}
