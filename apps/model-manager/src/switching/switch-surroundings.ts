import type { FitAnswer } from '#contracts/profiles';
import type { EngineSet, EngineSetPlan } from '../engines/engine-set';
import { readLogLine } from '../engines/boot-log';
import type { HardwareMonitor } from '../hardware/hardware-monitor';
import type { EngineLogs } from '../logs/engine-logs.service';
import type { Profile } from '../profiles/profile';
import type { ProfilesService } from '../profiles/profiles.service';
import { FREED_WITHIN_MS } from '../recovery/memory-read-back';
import type { ChatServices } from './chat-services';
import type { SwitchRecord } from './fleet-record';
import { baselineOf, gpusOf, memoryIsFree } from './gpu-memory';
import type { MachineEvent } from './machine-model';
import type { Benchmark, SwitchPorts } from './switch-ports';

const DRAIN_LOOK_MS = 50;
const FREED_LOOK_MS = 500;
/** Lines of a log that show a failure, and those before it where none does. */
const SHOWN_LINES = 12;

export interface SwitchLimits {
  drainTimeoutMs: number;
  /** Engines have a port of the operator's choice, so that two sets cannot run at once. */
  fixedPort: boolean;
}

/** What a switch asks of the rest of model-manager. */
export class SwitchSurroundings {
  constructor(
    private readonly profiles: ProfilesService,
    private readonly hardware: HardwareMonitor,
    private readonly chats: ChatServices,
    private readonly logs: EngineLogs,
    private readonly revision: () => number,
    private readonly limits: SwitchLimits,
    /** Null: nothing is measured after a switch. */
    private readonly benchmark: Benchmark | null,
  ) {}

  /** The last look may be ten seconds old, and from before our engines were known as ours. */
  lookAtHardware(): Promise<void> {
    return this.hardware.refresh();
  }

  /** As its file says it now. @throws CodedError `not_found` */
  profile(name: string): Profile {
    return this.profiles.toSwitchTo(name);
  }

  /**
   * The fit of a profile that surely does not start here; null for others. A model that nobody here knows anything about, and
   * a host without visible GPUs, are no reason to refuse: the switch goes back by itself.
   */
  cannotFit(profile: Profile): FitAnswer | null {
    if (this.hardware.gpus.length === 0) return null;
    const fit = this.profiles.fitOf(profile);
    return fit.verdict === 'no' && fit.described ? fit : null;
  }

  portsFor(
    from: EngineSet,
    loadMs: (plan: EngineSetPlan) => number | null,
    keep: (record: SwitchRecord) => Promise<void>,
  ): SwitchPorts {
    const baseline = baselineOf(this.hardware.gpus);
    let startedAt: number | null = null;
    return {
      check: (to, running) => this.check(to, running, from),
      drained: (set) => this.drained(set),
      memoryIsFree: (plans) =>
        memoryIsFree(
          this.hardware,
          gpusOf(
            plans.flatMap(({ profile }) => profile.engines),
            this.hardware.gpus,
          ),
          baseline,
        ),
      measure: (plan, engines, signal) => this.benchmark?.measure(plan, engines, signal) ?? Promise.resolve(null),
      readyInS: (plan) => {
        startedAt ??= performance.now();
        const usualMs = loadMs(plan);
        return usualMs === null ? null : Math.max(0, Math.round((usualMs - (performance.now() - startedAt)) / 1_000));
      },
      logLines: (ids) => ids.flatMap((id) => this.tellingLines(id)).slice(-SHOWN_LINES),
      keep,
    };
  }

  private async check(to: EngineSetPlan, from: EngineSetPlan, running: EngineSet): Promise<MachineEvent> {
    const deadline = performance.now() + FREED_WITHIN_MS;
    let fit = this.cannotFit(to.profile);
    // What a failed engine held may not be free yet, and what was seen of it may be from before its end.
    while (fit !== null && running.health().kind === 'failed' && performance.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, FREED_LOOK_MS));
      await this.hardware.refresh();
      fit = this.cannotFit(to.profile);
    }
    if (fit !== null) return { kind: 'refused', failure: { cause: 'does_not_fit', detail: fit.reason } };
    return { kind: 'checked', mode: this.fitsBeside(to, from, running) ? 'side_by_side' : 'replace' };
  }

  /** On other cards than those in use, and surely: a failed boot would cost nobody anything, but would be of no use. */
  private fitsBeside(to: EngineSetPlan, from: EngineSetPlan, running: EngineSet): boolean {
    const { gpus } = this.hardware;
    if (gpus.length === 0 || this.limits.fixedPort || running.health().kind !== 'ready') return false;
    const used = gpusOf(from.profile.engines, gpus);
    const wanted = gpusOf(to.profile.engines, gpus);
    return !wanted.some((gpu) => used.includes(gpu)) && this.profiles.fitOf(to.profile).verdict === 'fits';
  }

  private async drained(set: EngineSet): Promise<boolean> {
    const deadline = performance.now() + this.limits.drainTimeoutMs;
    const revision = this.revision();
    while (performance.now() < deadline) {
      // Who prepares a request for it, and what has come past us: both must be over.
      if ((await this.chats.areDone(set.ids, revision)) && (await set.isIdle())) return true;
      if (set.health().kind === 'failed') return true;
      await new Promise((resolve) => setTimeout(resolve, DRAIN_LOOK_MS));
    }
    return false;
  }

  private tellingLines(engineId: string): string[] {
    const lines = this.logs.of(engineId).ofThisStart();
    const telling = lines.filter((line) => readLogLine(line)?.kind === 'failure');
    return telling.length > 0 ? telling : lines.slice(-SHOWN_LINES);
  }
}
