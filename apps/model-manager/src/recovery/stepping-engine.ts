import type { EngineAnnouncement, EngineCounters, EngineState } from '#contracts/models';
import type { Logger } from 'nestjs-pino';
import type { Engine, EngineFailure, EngineStatus, StopOptions } from '../engines/engine';
import type { FailureCause } from '../engines/failures';
import { STABLE_AFTER_MS } from '../engines/lifecycle';
import { CRASH_LOOP_FAILURES } from '../engines/retry-delay';
import type { EngineSettings, Profile } from '../profiles/profile';
import { stepDown, type EngineTrouble } from './step-down';
import type { SteppedFile } from './stepped-file';

/** A profile that does not come up any more. */
export interface Exhausted {
  profile: string;
  trouble: EngineTrouble;
  /** For an operator. */
  reason: string;
}

export interface RecoveryNews {
  /** It fails again and again; `stopped`: it is not started any more. */
  onCrashLoop(engineId: string, message: string, stopped: boolean): void;
  /** No setting of its profile helps any more, and the profile has another one as its fallback. */
  onExhausted(exhausted: Exhausted): void;
  /** It serves again for a good while, or was ended. */
  onRecovered(engineId: string): void;
  /** It runs with less than its profile says. Null: it does no more. */
  onSteppedDown(engineId: string, changes: readonly string[] | null, failure: string): void;
}

/**
 * An engine that goes down its profile's fallbacks when memory runs out: it is ended and made again with settings that
 * need less. It stays there until it is ended on purpose (a switch, a stop); then the profile's own settings count again.
 */
export class SteppingEngine implements Engine {
  private inner: Engine;
  private profile: Profile;
  private changes: readonly string[] = [];
  private last: EngineState['kind'] = 'stopped';
  private readySince: number | null = null;
  private failures = 0;
  private stepping: Promise<void> | null = null;
  private ended = false;
  private recoveryTimer: NodeJS.Timeout | undefined;
  private onChange: () => void = () => undefined;
  private onCounters: (counters: EngineCounters) => void = () => undefined;

  constructor(
    private readonly original: Profile,
    private readonly index: number,
    /** Makes the engine of a profile with the settings that it has now. */
    private readonly make: (settings: EngineSettings) => Engine,
    private readonly file: SteppedFile,
    private readonly news: RecoveryNews,
    private readonly logger: Pick<Logger, 'warn' | 'error'>,
  ) {
    this.profile = original;
    const stepped = file.read(this.settings);
    if (stepped !== null) {
      this.changes = stepped.changes;
      this.profile = withEngine(original, index, stepped.to);
    }
    this.inner = make(this.settings);
  }

  get id(): string {
    return this.inner.id;
  }

  begin(onChange: () => void, onCounters: (counters: EngineCounters) => void): void {
    this.onChange = onChange;
    this.onCounters = onCounters;
    if (this.changes.length > 0) this.news.onSteppedDown(this.id, this.changes, '');
    this.beginInner();
  }

  announcement(): EngineAnnouncement {
    const announcement = this.inner.announcement();
    const state = this.stepping === null ? announcement.state : COMING;
    return { ...announcement, state, ...(this.changes.length === 0 ? {} : { steppedDown: this.changes.join('; ') }) };
  }

  status(): EngineStatus {
    return { ...this.inner.status(), steppedDown: this.changes.length === 0 ? null : this.changes.join('; ') };
  }

  failure(): EngineFailure | null {
    return this.stepping === null ? this.inner.failure() : null;
  }

  isIdle(): Promise<boolean> {
    return this.inner.isIdle();
  }

  warmUp(): Promise<void> {
    return this.inner.warmUp();
  }

  async end(options: StopOptions): Promise<void> {
    this.ended = true;
    clearTimeout(this.recoveryTimer);
    this.file.remove();
    await this.stepping;
    await this.inner.end(options);
    this.news.onRecovered(this.id);
    this.news.onSteppedDown(this.id, null, '');
  }

  private get settings(): EngineSettings {
    return settingsOf(this.profile, this.index);
  }

  private beginInner(): void {
    const { inner } = this;
    inner.begin(() => {
      if (inner !== this.inner) return;
      const { state } = inner.announcement();
      // Who waits is told that there is nothing to wait for only when nothing is done about it.
      const givenUp = state.kind === 'failed' && state.retryAt === null;
      if (givenUp) this.look();
      this.onChange();
      if (!givenUp) this.look();
    }, this.onCounters);
  }

  private look(): void {
    const { state } = this.inner.announcement();
    const before = this.last;
    this.last = state.kind;
    if (state.kind === before || this.ended || this.stepping !== null) return;
    clearTimeout(this.recoveryTimer);
    if (state.kind === 'ready') {
      this.readySince = performance.now();
      this.recoveryTimer = setTimeout(() => this.recovered(), STABLE_AFTER_MS);
      this.recoveryTimer.unref();
    }
    if (state.kind === 'failed') this.failed(state);
  }

  private failed(state: Extract<EngineState, { kind: 'failed' }>): void {
    if (this.readySince !== null && performance.now() - this.readySince >= STABLE_AFTER_MS) this.failures = 0;
    this.readySince = null;
    this.failures += 1;
    const trouble = { engine: this.index, cause: state.cause as FailureCause, failures: this.failures };
    const step = stepDown(this.profile, trouble, NONE);
    if (step?.kind === 'settings') {
      this.stepping = this.step(step.profile, step.change, state.message).finally(() => {
        this.stepping = null;
        this.onChange();
      });
      return;
    }
    const stopped = state.retryAt === null;
    if (stopped || this.failures >= CRASH_LOOP_FAILURES) this.news.onCrashLoop(this.id, state.message, stopped);
    if (step !== null) this.news.onExhausted({ profile: this.profile.name, trouble, reason: state.message });
  }

  private async step(profile: Profile, change: string, reason: string): Promise<void> {
    this.logger.warn({
      msg: 'an engine steps down along the fallbacks of its profile',
      engine: this.id,
      change,
      reason,
    });
    await this.inner.end({ drain: false, politely: false });
    // Ended while it was: a switch, or the end of model-manager. Its own settings count again.
    if (this.ended) return;
    this.profile = profile;
    this.changes = [...this.changes, change];
    this.failures = 0;
    this.last = 'stopped';
    this.keep();
    this.inner = this.make(this.settings);
    this.news.onSteppedDown(this.id, this.changes, reason);
    this.beginInner();
  }

  private keep(): void {
    try {
      const from = settingsOf(this.original, this.index);
      this.file.write({ from, to: this.settings, changes: [...this.changes] });
    } catch (error) {
      // A model-manager after a crash of this one would start it anew, with all of its settings.
      this.logger.error({ msg: 'the step down of an engine cannot be kept', err: error, engine: this.id });
    }
  }

  private recovered(): void {
    this.failures = 0;
    this.news.onRecovered(this.id);
  }
}

/** Between two starts: who waits for it goes on waiting. */
const COMING: EngineState = { kind: 'loading', phase: 'stepping down', percent: 0, startedAt: 0 };
const NONE: ReadonlySet<string> = new Set();

function settingsOf(profile: Profile, index: number): EngineSettings {
  const settings = profile.engines[index];
  if (settings === undefined) throw new RangeError(`profile ${profile.name} has no engine ${index}`);
  return settings;
}

function withEngine(profile: Profile, index: number, settings: EngineSettings): Profile {
  return { ...profile, engines: profile.engines.map((one, at) => (at === index ? settings : one)) };
}
