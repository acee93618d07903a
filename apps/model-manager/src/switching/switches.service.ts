import { randomUUID } from 'node:crypto';
import { CodedError } from '#contracts/errors';
import type { Switch, SwitchAnswer, SwitchCommand, SwitchListQuery, SwitchPage } from '#contracts/switching';
import { Injectable } from '@nestjs/common';
import { Logger } from 'nestjs-pino';
import { freeIds } from '../engines/engine-set';
import type { Fleet } from '../engines/fleet';
import type { Profile } from '../profiles/profile';
import type { Exhausted } from '../recovery/stepping-engine';
import { triedWith, type Fallback, type FallbackProfiles } from './fallback-profile';
import { newFleetRecord, profileDigest, readFleetRecord, type FleetRecord, type SwitchRecord } from './fleet-record';
import type { FleetStore } from './fleet-store';
import { BEGIN } from './machine';
import { SwitchHistory } from './switch-history';
import { SwitchRunner } from './switch-runner';
import type { SwitchSurroundings } from './switch-surroundings';

/** Changes the model: one switch at a time, remembered over restarts. */
@Injectable()
export class SwitchesService {
  private readonly history = new SwitchHistory();
  private record: FleetRecord | null = null;
  private runner: SwitchRunner | null = null;

  constructor(
    private readonly fleet: Fleet,
    /** The default profile as it is configured; null: the engine is somebody else's, and nothing can be switched. */
    private readonly configured: Profile | null,
    private readonly surroundings: SwitchSurroundings,
    private readonly store: FleetStore,
    private readonly fallbacks: FallbackProfiles,
    private readonly logger: Logger,
  ) {}

  /** Reads what was in force and under way, and goes on with it. @returns ids of the engines that belong to it. */
  async open(): Promise<string[]> {
    for (const one of await this.store.readHistory()) this.history.put(one);
    if (this.configured === null) return [];
    this.record = await this.readRecord(this.configured);
    const { inForce, switch: running } = this.record;
    this.fleet.putInForce(this.fleet.makeSet(inForce));
    return [...inForce.ids, ...(running?.from?.ids ?? []), ...(running?.to.ids ?? [])];
  }

  /** Begins the care of the engines. */
  begin(): void {
    const running = this.record?.switch ?? null;
    if (running === null) this.fleet.inForce?.begin(this.fleet.listeners);
    else {
      this.logger.log({ msg: 'goes on with a switch', switch: running.document.id, state: running.state.kind });
      this.run(running).resume(running.state);
    }
  }

  /** @throws CodedError `not_found`, `conflict` */
  async switch({ profile: name, requestedBy }: SwitchCommand): Promise<SwitchAnswer> {
    if (this.record === null)
      throw new CodedError(
        'conflict',
        'The engine is run by somebody else (driver `external`): its model is theirs to change.',
      );
    await this.surroundings.lookAtHardware();
    await this.endMeasuring();
    if (this.runner !== null) return { kind: 'busy', switchId: this.runner.view().id };
    const { record } = this;
    const profile = this.surroundings.profile(name);
    const fit = this.surroundings.cannotFit(profile);
    if (fit !== null) return { kind: 'does_not_fit', fit };
    return { kind: 'accepted', switchId: this.change({ ...record, tried: [] }, profile, requestedBy).id };
  }

  /** The engines of a profile do not come up any more: the next of its fallbacks takes over. */
  noteExhausted(exhausted: Exhausted): void {
    this.fallbacks.note(exhausted);
    const { runner } = this;
    if (runner === null) this.fallBack();
    else if (runner.isRestoring && this.nextFallback() !== null)
      runner.giveUp({ cause: exhausted.trouble.cause, detail: exhausted.reason });
  }

  /** @throws CodedError `not_found`, `conflict` */
  cancel(id: string): Switch {
    const running = this.runner;
    if (running?.view().id !== id) {
      const { outcome } = this.history.get(id);
      throw new CodedError('conflict', `This switch is over (${outcome ?? 'ended'}).`);
    }
    running.cancel();
    return running.view();
  }

  list(query: SwitchListQuery): SwitchPage {
    const page = this.history.page(query);
    return { ...page, items: page.items.map((one) => this.newest(one)) };
  }

  /** @throws CodedError `not_found` */
  get(id: string): Switch {
    return this.newest(this.history.get(id));
  }

  /** How long the engines of a profile took to boot, for those who wait for the next time. */
  noteLoad(profile: string, loadMs: number): void {
    if (this.record === null) return;
    this.record.loadMs[profile] = loadMs;
    void this.store.keepFleet(this.record);
  }

  /** This process ends: a switch under way is left to the next one. */
  abandon(): void {
    this.runner?.abandon();
  }

  close(): void {
    this.store.end();
  }

  private nextFallback(): Fallback | null {
    const { record } = this;
    return record === null ? null : this.fallbacks.next(record.inForce.profile, record.tried);
  }

  private fallBack(): void {
    const { record } = this;
    const fallback = this.nextFallback();
    if (record === null || fallback === null || this.fleet.inForce?.isDown !== true) return;
    const { from, profile } = fallback;
    this.logger.warn({ msg: 'a profile does not come up; its fallback takes over', from, to: profile.name });
    this.fallbacks.begun(fallback);
    this.change({ ...record, tried: triedWith(record.tried, from, profile.name) }, profile, null);
  }

  /** Begins a switch away from what is in force. @param requestedBy null: nobody asked for it. */
  private change(record: FleetRecord, profile: Profile, requestedBy: string | null): Switch {
    const { inForce } = record;
    const document = newSwitch(inForce.profile.name, profile.name, requestedBy);
    this.record = record;
    this.remember(document);
    const to = { profile, ids: freeIds(profile.engines.length, inForce.ids) };
    this.run({ document, state: BEGIN, from: inForce, to }).begin();
    return document;
  }

  /** Figures are not worth that somebody waits for them with the next model. */
  private async endMeasuring(): Promise<void> {
    const { runner } = this;
    if (runner?.isMeasuring !== true) return;
    runner.cancel();
    await runner.ended;
  }

  private newest(one: Switch): Switch {
    const running = this.runner?.view();
    return running?.id === one.id ? running : one;
  }

  private run(running: SwitchRecord): SwitchRunner {
    const record = this.record as FleetRecord;
    this.fallbacks.forget();
    const fromPlan = running.from ?? record.inForce;
    const from = this.fleet.inForce ?? this.fleet.makeSet(fromPlan);
    const ports = this.surroundings.portsFor(
      from,
      (plan) => record.loadMs[plan.profile.name] ?? null,
      (next) => this.keepSwitch(next),
    );
    const runner = new SwitchRunner(running, fromPlan, from, this.fleet, ports, this.logger);
    this.runner = runner;
    void runner.ended.then(({ inForce, document }) => {
      this.runner = null;
      this.fleet.putInForce(inForce);
      this.remember(document);
      this.record = { ...(this.record ?? record), inForce: inForce.plan ?? record.inForce, switch: null };
      void this.store.keepFleet(this.record);
      this.fallbacks.over(document);
      this.fleet.endSwitch();
      // It may have been said while the last good profile was brought back.
      this.fallBack();
    });
    return runner;
  }

  private keepSwitch(running: SwitchRecord): Promise<void> {
    this.remember(running.document);
    if (this.record === null) return Promise.resolve();
    this.record = { ...this.record, switch: running };
    return this.store.keepFleet(this.record);
  }

  private remember(document: Switch): void {
    for (const forgotten of this.history.put(document)) void this.store.forgetSwitch(forgotten);
    void this.store.keepSwitch(document);
  }

  /** Another default profile than before means that the operator has chosen anew: by a variable, or by its file. */
  private async readRecord(configured: Profile): Promise<FleetRecord> {
    const kept = readFleetRecord(await this.store.readFleet());
    if (kept !== null && kept.configured === profileDigest(configured)) return kept;
    const fresh = newFleetRecord(configured, freeIds(configured.engines.length, []));
    if (kept === null) return fresh;
    this.fallbacks.chosen();
    if (kept.switch !== null) this.remember(interrupted(kept.switch.document));
    return { ...fresh, loadMs: kept.loadMs };
  }
}

function newSwitch(from: string, to: string, requestedBy: string | null): Switch {
  return {
    id: randomUUID(),
    from,
    to,
    state: 'validating',
    mode: null,
    requestedBy,
    startedAt: new Date().toISOString(),
    endedAt: null,
    outcome: null,
    failure: null,
    phases: [],
    progress: null,
    benchmark: null,
  };
}

function interrupted(document: Switch): Switch {
  const endedAt = new Date().toISOString();
  return { ...document, state: 'cancelled', outcome: 'cancelled', endedAt, progress: null };
}
