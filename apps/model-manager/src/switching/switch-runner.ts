import type { EngineAnnouncement } from '#contracts/models';
import type { Switch } from '#contracts/switching';
import type { Logger } from 'nestjs-pino';
import { EngineFailed } from '../engines/engine';
import type { EngineSet, EngineSetPlan } from '../engines/engine-set';
import { failureMessage, type Failure } from '../engines/failures';
import type { Fleet, FleetView } from '../engines/fleet';
import { announceSides } from './announce-sides';
import type { SwitchRecord } from './fleet-record';
import { BEGIN, decide, resume, type Decision } from './machine';
import { servingSide, type MachineEffect, type MachineEvent, type MachineState, type Side } from './machine-model';
import type { SwitchPorts } from './switch-ports';
import { failureView, SwitchDocument } from './switch-document';

/** How a switch ended: which engines are in force, and what is told of it. */
export interface SwitchEnd {
  inForce: EngineSet;
  document: Switch;
}

/**
 * Drives one switch: one event at a time, the new state kept before anything is done for it, so that who comes after a
 * crash goes on from there.
 */
export class SwitchRunner implements FleetView {
  readonly ended: Promise<SwitchEnd>;
  private resolve: (end: SwitchEnd) => void = () => undefined;
  private state: MachineState = BEGIN;
  private readonly queue: (() => Decision)[] = [];
  private working = false;
  private abandoned = false;
  private readonly document: SwitchDocument;
  private readonly sides: Record<Side, EngineSet>;
  /** What was told of each side last, so that the same is not told twice. */
  private readonly told: Record<Side, string> = { from: '', to: '' };
  private warming = false;
  private benchmark: AbortController | null = null;

  constructor(
    private readonly record: SwitchRecord,
    private readonly fromPlan: EngineSetPlan,
    from: EngineSet,
    private readonly fleet: Fleet,
    private readonly ports: SwitchPorts,
    private readonly logger: Pick<Logger, 'log' | 'warn' | 'error'>,
  ) {
    this.document = new SwitchDocument(record.document);
    this.sides = { from, to: fleet.makeSet(record.to) };
    this.ended = new Promise((resolve) => (this.resolve = resolve));
    fleet.beginSwitch(this, () => this.lookAtEngines());
  }

  begin(): void {
    this.take({ kind: 'begin' });
  }

  /** Goes on where a model-manager before us stopped. */
  resume(state: MachineState): void {
    this.state = state;
    this.push(() => resume(this.state));
  }

  cancel(): void {
    this.take({ kind: 'cancel' });
  }

  /** This process ends; the next one goes on. */
  abandon(): void {
    this.abandoned = true;
    this.queue.length = 0;
    this.benchmark?.abort();
  }

  // ---- what is told of it

  announcements(): EngineAnnouncement[] {
    return announceSides(this.state, this.sides.from.announcements(), this.sides.to.announcements());
  }

  sets(): EngineSet[] {
    return [this.sides.from, this.sides.to];
  }

  inForce(): EngineSet {
    return this.sides[servingSide(this.state) ?? 'from'];
  }

  /** The new model serves, and only figures are still wanted. */
  get isMeasuring(): boolean {
    return this.state.kind === 'benchmarking';
  }

  /** The last good profile is being brought back. */
  get isRestoring(): boolean {
    return this.state.kind === 'restoring';
  }

  /** The profile that is being brought back fails, and something better than another try of it is known. */
  giveUp(failure: Failure): void {
    this.take({ kind: 'failed', side: 'from', failure, final: true });
  }

  view(): Switch {
    const progress = this.state.kind === 'starting' ? this.sides.to.progress() : null;
    if (progress === null) return this.document.current;
    return { ...this.document.current, progress: { ...progress, readyInS: this.ports.readyInS(this.record.to) } };
  }

  // ---- the loop

  private take(event: MachineEvent): void {
    this.push(() => decide(this.state, event));
  }

  private push(step: () => Decision): void {
    if (this.abandoned) return;
    this.queue.push(step);
    if (!this.working) void this.work();
  }

  private async work(): Promise<void> {
    this.working = true;
    for (let step = this.queue.shift(); step !== undefined; step = this.queue.shift()) {
      const { next, effects } = step();
      if (next !== this.state) await this.enter(next);
      if (this.abandoned) return;
      for (const effect of effects) this.carryOut(effect);
    }
    this.working = false;
  }

  /** Everybody hears of it, and it is kept, before anything is done. */
  private async enter(next: MachineState): Promise<void> {
    this.state = next;
    const renamed = this.document.enter(next);
    if (next.kind === 'starting' || next.kind === 'draining')
      this.document.change({ mode: next.kind === 'starting' ? next.mode : 'replace' });
    if (renamed)
      this.logger.log({ msg: 'switch', switch: this.view().id, to: this.view().to, state: this.view().state });
    if (next.kind === 'over') {
      if (next.outcome !== 'ready' && next.failure !== null) this.nameFailure(next.failure);
      this.document.end(next.outcome);
    }
    this.fleet.changed();
    if (next.kind === 'over') {
      this.finish();
      return;
    }
    await this.ports.keep({ ...this.record, document: this.document.current, state: next });
  }

  private finish(): void {
    this.resolve({ inForce: this.inForce(), document: this.document.current });
  }

  private carryOut(effect: MachineEffect): void {
    switch (effect.kind) {
      case 'check':
        void this.check();
        return;
      case 'drain':
        void this.drain();
        return;
      case 'start':
        this.start(effect.side);
        return;
      case 'stop':
        void this.stop(effect.side, effect.politely);
        return;
      case 'read-memory':
        void this.readMemory();
        return;
      case 'warm-up':
        void this.warmUp();
        return;
      case 'benchmark':
        void this.measure();
        return;
      case 'stop-benchmark':
        this.benchmark?.abort();
        return;
    }
  }

  private async check(): Promise<void> {
    this.take(await this.ports.check(this.record.to, this.fromPlan, this.sides.from));
  }

  /** A side whose engines were ended gets new ones: a set lives once. */
  private start(side: Side): void {
    if (this.told[side] === ENDED)
      this.sides[side] = this.fleet.makeSet(side === 'from' ? this.fromPlan : this.record.to);
    this.told[side] = '';
    this.sides[side].begin(this.fleet.listeners);
    this.lookAtEngines();
  }

  private async stop(side: Side, politely: boolean): Promise<void> {
    const set = this.sides[side];
    // What it says of its own end is no failure.
    this.told[side] = ENDED;
    // One that was begun by a model-manager before us is found first, and then ended.
    set.begin(this.fleet.listeners);
    await set.end({ drain: false, politely });
    this.take({ kind: 'stopped', side });
  }

  private lookAtEngines(): void {
    for (const side of ['from', 'to'] as const) this.lookAt(side);
  }

  private lookAt(side: Side): void {
    if (this.told[side] === ENDED) return;
    const health = this.sides[side].health();
    const now = JSON.stringify(health);
    if (now === this.told[side]) return;
    this.told[side] = now;
    if (health.kind === 'ready') this.take({ kind: 'ready', side });
    if (health.kind === 'failed') this.fail(side, health.failure, health.final);
  }

  private fail(side: Side, failure: Failure, final: boolean): void {
    if (side === 'to') {
      this.logger.warn({ msg: failureMessage(failure), switch: this.document.current.id, cause: failure.cause });
      this.nameFailure(failure);
    }
    this.take({ kind: 'failed', side, failure, final });
  }

  /** The first one is the reason, and the log is read while it is fresh; both profiles may have failed in the end. */
  private nameFailure(failure: Failure): void {
    const known = this.document.current.failure;
    const logLines = known?.logLines ?? this.ports.logLines(this.sides.to.ids);
    this.document.change({ failure: failureView(failure, logLines) });
  }

  private async drain(): Promise<void> {
    if (!(await this.ports.drained(this.sides.from)))
      this.logger.warn({ msg: 'the drain limit is over; what still runs is cut', switch: this.document.current.id });
    this.take({ kind: 'drained' });
  }

  private async readMemory(): Promise<void> {
    const free = await this.ports.memoryIsFree([this.fromPlan, this.record.to]);
    if (!free)
      this.logger.warn({
        msg: 'the GPUs do not have their memory back after an engine ended; see in nvidia-smi who holds it',
        switch: this.document.current.id,
      });
    this.take({ kind: 'memory', free });
  }

  private async warmUp(): Promise<void> {
    if (this.warming) return;
    this.warming = true;
    try {
      await this.sides.to.warmUp();
      this.take({ kind: 'warm' });
    } catch (error) {
      const failure: Failure =
        error instanceof EngineFailed ? error.failure : { cause: 'warm_up_failed', detail: String(error) };
      this.fail('to', failure, false);
    } finally {
      this.warming = false;
    }
  }

  /** Figures are good to have: without them the switch is as ready. */
  private async measure(): Promise<void> {
    this.benchmark = new AbortController();
    try {
      const benchmark = await this.ports.measure(this.record.to, this.sides.to.announcements(), this.benchmark.signal);
      this.document.change({ benchmark });
    } catch (error) {
      this.logger.warn({
        msg: 'the benchmark after a switch failed; the model serves all the same, without new figures',
        switch: this.document.current.id,
        err: error,
      });
    }
    this.take({ kind: 'benchmarked' });
  }
}

/** Of a side that we end ourselves. */
const ENDED = 'ended';
