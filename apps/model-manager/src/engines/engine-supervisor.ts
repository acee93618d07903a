import type { EngineAnnouncement, EngineCounters } from '#contracts/models';
import type { Logger } from 'nestjs-pino';
import { LaunchError, type EngineDriver, type LogFollower, type RunningEngine } from '../drivers/engine-driver';
import { BootFiguresReader, type BootFigures } from '../calibration/boot-figures';
import { announced } from './announced-state';
import { readLogLine } from './boot-log';
import { countersOf, lifeOf, type Engine, type EngineFailure, type EngineStatus, type StopOptions } from './engine';
import type { EngineMetrics } from './engine-metrics';
import { engineStatus } from './engine-status';
import { EngineWatch } from './engine-watch';
import { failureMessage, type Failure } from './failures';
import { decide, failureOf } from './lifecycle';
import type { Effect, LifecycleEvent, LifecycleState } from './lifecycle-model';

export interface SupervisorSettings {
  id: string;
  driver: EngineAnnouncement['driver'];
  profile: string;
  model: string;
  aliases: readonly string[];
  /** The name that the engine answers to. */
  servedName: string;
  maxNumSeqs: number;
  loadTimeoutMs: number;
  hangTimeoutMs: number;
  stopTimeoutMs: number;
  drainTimeoutMs: number;
  /** Told before it is started. */
  onStart: () => void;
  /** Told every line that it prints. */
  onLine: (line: string) => void;
  /** Told how long a boot took, in milliseconds. */
  onLoaded: (loadMs: number) => void;
  /** Before each start: GPU memory that the one before still holds, in words; null when it is free. */
  memoryHeld: () => Promise<string | null>;
  /** Told what a boot logged, once the engine is ready. */
  onMeasured: (figures: BootFigures) => void;
}

/** Owns one engine's state: feeds events to the lifecycle and carries its effects out. */
export class EngineSupervisor implements Engine {
  private state: LifecycleState = { kind: 'new' };
  private engine: RunningEngine | null = null;
  private tail: LogFollower | null = null;
  private watch: EngineWatch | null = null;
  private timer: NodeJS.Timeout | undefined;
  /** What is being looked for or spawned: a stop has to wait for it. */
  private launching: Promise<void> = Promise.resolve();
  /** Ends a start that takes long, such as the download of an image. */
  private starting = new AbortController();
  private readonly queue: LifecycleEvent[] = [];
  private figures = new BootFiguresReader();
  private lastFailure: Failure | null = null;
  private onChange: () => void = () => undefined;
  private onCounters: (counters: EngineCounters) => void = () => undefined;
  private onStopped: () => void = () => undefined;
  private ending: Promise<void> | null = null;

  constructor(
    private readonly settings: SupervisorSettings,
    private readonly driver: EngineDriver,
    private readonly metrics: EngineMetrics,
    private readonly logger: Pick<Logger, 'log' | 'warn' | 'error'>,
  ) {}

  get id(): string {
    return this.settings.id;
  }

  begin(onChange: () => void, onCounters: (counters: EngineCounters) => void): void {
    this.onChange = onChange;
    this.onCounters = onCounters;
    this.metrics.up.set({ engine: this.id }, 0);
    this.dispatch({ kind: 'begin', at: Date.now() });
  }

  announcement(): EngineAnnouncement {
    const { id, driver, profile, maxNumSeqs, servedName, aliases } = this.settings;
    const state = announced(this.state);
    const expected = [
      { id: servedName, aliases: aliases.filter((alias) => alias !== servedName), maxModelLen: null, created: 0 },
    ];
    const models = (state.kind === 'ready' ? this.watch?.models : null) ?? expected;
    const life = lifeOf(id, this.watch?.engineStartedAt ?? null);
    return {
      id,
      driver,
      profile,
      state,
      models,
      maxNumSeqs,
      acceptsUnlistedModels: false,
      ...(life === undefined ? {} : { life }),
    };
  }

  status(): EngineStatus {
    return engineStatus(this.announcement(), this.settings.model, this.engine);
  }

  failure(): EngineFailure | null {
    return failureOf(this.state);
  }

  async isIdle(): Promise<boolean> {
    // One that is still being looked for may be in the middle of answers.
    await this.launching;
    return (await this.watch?.isIdle()) ?? true;
  }

  async warmUp(): Promise<void> {
    const { engine, watch } = this;
    if (engine === null || watch === null) return; // its end is told as a failure
    await watch.warmUp(this.settings.servedName);
  }

  end({ drain, politely }: StopOptions): Promise<void> {
    this.ending ??= new Promise((resolve) => {
      this.onStopped = resolve;
      this.dispatch({ kind: 'stop', at: Date.now(), drain, politely });
    });
    return this.ending;
  }

  private dispatch(event: LifecycleEvent): void {
    this.queue.push(event);
    if (this.queue.length > 1) return; // the loop below is at work
    for (let next = this.queue[0]; next !== undefined; next = this.queue[0]) {
      try {
        this.take(next);
      } finally {
        this.queue.shift();
      }
    }
  }

  private take(event: LifecycleEvent): void {
    const before = this.state;
    const { next, effects } = decide(before, event, { loadTimeoutMs: this.settings.loadTimeoutMs });
    this.state = next;
    if (next.kind !== before.kind) clearTimeout(this.timer);
    if (next.kind !== 'ready') this.metrics.up.set({ engine: this.id }, 0);
    for (const effect of effects) this.carryOut(effect);
    if (JSON.stringify(announced(before)) !== JSON.stringify(announced(next))) this.onChange();
    if (next.kind === 'stopped') this.onStopped();
  }

  private carryOut(effect: Effect): void {
    switch (effect.kind) {
      case 'look':
        this.launching = this.look();
        return;
      case 'spawn':
        this.launching = this.spawn();
        return;
      case 'kill-group':
        void this.killGroup(effect.politely);
        return;
      case 'drain':
        void this.drain();
        return;
      case 'timer':
        clearTimeout(this.timer);
        this.timer = setTimeout(() => this.dispatch({ kind: 'timer', at: Date.now() }), effect.afterMs);
        return;
      case 'note-ready':
        this.noteReady(effect.loadMs);
        return;
      case 'note-failure':
        this.noteFailure(effect.failure, effect.retryInMs);
        return;
    }
  }

  private async look(): Promise<void> {
    const found = await this.driver.find().catch((error: unknown) => {
      this.logger.error({
        msg: 'could not look for an engine that still runs, so a new one is started; see that the old one is gone',
        err: error,
        engine: this.id,
      });
      return null;
    });
    if (found === null) {
      this.dispatch({ kind: 'nothing-found', at: Date.now() });
      return;
    }
    const watch = this.makeWatch(found);
    const healthy = await watch.answers();
    if (!healthy && found.wasReady) {
      // It had been ready and is not any more: it is not worth adopting.
      await this.endProcess(found, 0);
      this.dispatch({ kind: 'nothing-found', at: Date.now() });
      return;
    }
    const { handle, url, startedAt, pid } = found;
    this.logger.log({ msg: 'adopted a running engine', engine: this.id, pid, handle, healthy });
    this.hold(found, watch);
    this.dispatch({ kind: 'found', at: Date.now(), process: { handle, url }, startedAt, healthy });
    this.follow(found, watch, healthy ? 'end' : 'start');
  }

  private async spawn(): Promise<void> {
    if (this.lastFailure !== null) this.metrics.restarts.inc({ engine: this.id, cause: this.lastFailure.cause });
    this.settings.onStart();
    try {
      this.starting = new AbortController();
      const held = await this.settings.memoryHeld();
      if (held !== null)
        throw new LaunchError(
          'gpu_memory_not_freed',
          `The engine before has ended, but its GPU memory is not free: ${held}`,
        );
      const started = await this.driver.start(this.starting.signal);
      const { handle, url, pid, description } = started;
      this.logger.log({ msg: 'started an engine', engine: this.id, pid, handle, command: description });
      const watch = this.makeWatch(started);
      this.hold(started, watch);
      this.dispatch({ kind: 'spawned', at: Date.now(), process: { handle, url } });
      this.follow(started, watch, 'start');
    } catch (error) {
      const detail = error instanceof Error ? error.message : String(error);
      const cause = error instanceof LaunchError ? error.failure : 'crashed';
      this.dispatch({ kind: 'spawn-failed', at: Date.now(), failure: { cause, detail } });
    }
  }

  private makeWatch(engine: RunningEngine): EngineWatch {
    return new EngineWatch({
      url: engine.url,
      aliases: this.settings.aliases,
      hangTimeoutMs: this.settings.hangTimeoutMs,
      isStranger: () => engine.isAddressTaken?.() ?? false,
      isServing: () => this.state.kind === 'ready' || this.state.kind === 'draining',
      tell: (event) => this.dispatch(event),
      onWork: (work) => {
        this.metrics.busy.set({ engine: this.id }, work.busy);
        const counters = countersOf(this.id, work);
        if (counters !== null) this.onCounters(counters);
      },
    });
  }

  private hold(engine: RunningEngine, watch: EngineWatch): void {
    this.engine = engine;
    this.watch = watch;
  }

  /** After the lifecycle heard of the engine: it may have ended already, and its exit must not come first. */
  private follow(engine: RunningEngine, watch: EngineWatch, logFrom: 'start' | 'end'): void {
    const tail = this.openLog(engine, logFrom);
    this.tail = tail;
    watch.begin();
    engine.onExit((code, signal) => {
      // The last words of the log come before the exit that they explain.
      if (this.tail === tail) tail?.read();
      this.dispatch({ kind: 'exited', at: Date.now(), handle: engine.handle, code, signal });
    });
  }

  /** Without its log an engine is served all the same; only the reasons of its failures are not known. */
  private openLog(engine: RunningEngine, from: 'start' | 'end'): LogFollower | null {
    this.figures = new BootFiguresReader();
    try {
      return engine.tail((line) => this.readLine(line), from);
    } catch (error) {
      this.logger.warn({ msg: 'the log of the engine cannot be read', err: error, engine: this.id });
      return null;
    }
  }

  private readLine(line: string): void {
    this.settings.onLine(line);
    this.figures.read(line);
    const observation = readLogLine(line);
    if (observation !== null) this.dispatch({ kind: 'log', at: Date.now(), observation });
  }

  private async drain(): Promise<void> {
    await this.watch?.drained(this.settings.drainTimeoutMs);
    this.dispatch({ kind: 'drained', at: Date.now() });
  }

  private async killGroup(politely: boolean): Promise<void> {
    this.starting.abort();
    await this.launching;
    const engine = this.engine;
    this.engine = null;
    this.watch?.end();
    this.watch = null;
    this.tail?.close();
    this.tail = null;
    if (engine !== null) await this.endProcess(engine, politely ? this.settings.stopTimeoutMs : 0);
    this.dispatch({ kind: 'gone', at: Date.now() });
  }

  private async endProcess(engine: RunningEngine, politeMs: number): Promise<void> {
    try {
      await engine.stop(politeMs);
    } catch (error) {
      this.logger.error({
        msg: 'an engine could not be ended: its process or container may still hold a GPU. End it by hand',
        err: error,
        engine: this.id,
      });
    }
  }

  private noteReady(loadMs: number | null): void {
    this.rememberReady();
    this.lastFailure = null;
    this.metrics.up.set({ engine: this.id }, 1);
    if (loadMs !== null) {
      this.metrics.loadSeconds.set({ engine: this.id }, loadMs / 1000);
      this.settings.onLoaded(loadMs);
    }
    const figures = this.figures.figures();
    if (figures !== null) this.settings.onMeasured(figures);
    const models = this.watch?.models.map((model) => model.id);
    this.logger.log({ msg: 'engine is ready', engine: this.id, models, loadMs });
  }

  private rememberReady(): void {
    try {
      this.engine?.markReady(Date.now());
    } catch (error) {
      this.logger.warn({ msg: 'the record of the engine cannot be written', err: error, engine: this.id });
    }
  }

  private noteFailure(failure: Failure, retryInMs: number | null): void {
    this.lastFailure = failure;
    this.metrics.failures.inc({ engine: this.id, cause: failure.cause });
    this.logger.error({ msg: failureMessage(failure), engine: this.id, cause: failure.cause, retryInMs });
  }
}
