import type { EngineAnnouncement } from '#contracts/models';
import type { BenchmarkService } from '../benchmark/benchmark.service';
import type { EngineSetPlan } from '../engines/engine-set';
import type { Benchmark } from './switch-ports';

/** The benchmark as a step of a switch: its figures are part of the history. */
export class MeasuredSwitch implements Benchmark {
  constructor(private readonly benchmarks: BenchmarkService) {}

  async measure(
    { profile }: EngineSetPlan,
    _engines: readonly EngineAnnouncement[],
    signal: AbortSignal,
  ): Promise<Record<string, unknown> | null> {
    const stop = (): void => this.benchmarks.stopAfterSwitch();
    signal.addEventListener('abort', stop, { once: true });
    try {
      const run = await this.benchmarks.afterSwitch(profile.name);
      return run === null ? null : { ...run };
    } finally {
      signal.removeEventListener('abort', stop);
    }
  }
}
