import type { EngineAnnouncement } from '#contracts/models';
import type { EngineSet, EngineSetPlan } from '../engines/engine-set';
import type { SwitchRecord } from './fleet-record';
import type { MachineEvent } from './machine-model';

/** What a switch needs of the world outside of its engines. */
export interface SwitchPorts {
  /** Whether it fits, and whether beside what runs. */
  check(to: EngineSetPlan, from: EngineSetPlan, running: EngineSet): Promise<MachineEvent>;
  /** Until nothing runs there any more. False: the limit came first. */
  drained(set: EngineSet): Promise<boolean>;
  /** Whether the cards of these engines have the memory back that ended ones held. */
  memoryIsFree(plans: readonly EngineSetPlan[]): Promise<boolean>;
  /** @throws when there is no figure. */
  measure: Benchmark['measure'];
  /** Seconds until an engine that boots now is ready, by its last boot; null when there was none. */
  readyInS(plan: EngineSetPlan): number | null;
  /** Lines of these engines' logs that show why they failed. */
  logLines(engineIds: readonly string[]): string[];
  /** Resolves when it is kept, or cannot be for now. */
  keep(record: SwitchRecord): Promise<void>;
}

/** Measures the engines of a profile that has just come into force. */
export interface Benchmark {
  /**
   * @returns figures, or null when there is no time for it because people wait.
   * @throws when it cannot measure.
   */
  measure(
    plan: EngineSetPlan,
    engines: readonly EngineAnnouncement[],
    signal: AbortSignal,
  ): Promise<Record<string, unknown> | null>;
}
