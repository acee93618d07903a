import type { EngineAnnouncement, EngineCounters } from '#contracts/models';
import type { Switch } from '#contracts/switching';
import type { EngineStatus } from './engine';
import type { EngineSet, EngineSetListeners, EngineSetPlan } from './engine-set';

/** What a switch shows of its engines while it runs. */
export interface FleetView {
  announcements(): EngineAnnouncement[];
  sets(): EngineSet[];
  /** Those of the profile that `default` means. */
  inForce(): EngineSet;
  view(): Switch;
}

/** All engines in our care: those of the profile in force, and in a switch also those that come or go. */
export class Fleet {
  private current: EngineSet | null = null;
  private view: FleetView | null = null;
  private changeListener: () => void = () => undefined;
  private countersListener: (counters: EngineCounters) => void = () => undefined;
  /** Told after each change of an engine; the switch looks at its engines then. */
  private switchListener: () => void = () => undefined;

  constructor(private readonly make: (plan: EngineSetPlan) => EngineSet) {}

  listen(onChange: () => void, onCounters: (counters: EngineCounters) => void): void {
    this.changeListener = onChange;
    this.countersListener = onCounters;
  }

  makeSet(plan: EngineSetPlan): EngineSet {
    return this.make(plan);
  }

  /** The engines of the profile in force; null before they are known. */
  get inForce(): EngineSet | null {
    return this.view?.inForce() ?? this.current;
  }

  putInForce(set: EngineSet | null): void {
    this.current = set;
  }

  /** While a switch runs, it says what is announced. */
  beginSwitch(view: FleetView, onEngines: () => void): void {
    this.view = view;
    this.switchListener = onEngines;
  }

  endSwitch(): void {
    this.view = null;
    this.switchListener = () => undefined;
    this.changed();
  }

  get listeners(): EngineSetListeners {
    return {
      onChange: () => {
        this.switchListener();
        this.changed();
      },
      onCounters: (counters) => this.countersListener(counters),
    };
  }

  changed(): void {
    this.changeListener();
  }

  get profile(): string | null {
    return this.inForce?.profile ?? null;
  }

  get runningSwitch(): Switch | null {
    return this.view?.view() ?? null;
  }

  announcements(): EngineAnnouncement[] {
    return this.view === null ? (this.current?.announcements() ?? []) : this.view.announcements();
  }

  status(): EngineStatus[] {
    return this.sets()
      .filter((set) => set.isAlive)
      .flatMap((set) => set.status());
  }

  async end(): Promise<void> {
    await Promise.all(this.sets().map((set) => set.end({ drain: true, politely: true })));
  }

  private sets(): EngineSet[] {
    if (this.view !== null) return this.view.sets();
    return this.current === null ? [] : [this.current];
  }
}
