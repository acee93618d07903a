/** A benchmark beside the one before it. Pure. */
import type {
  BenchmarkChange,
  BenchmarkComparison,
  BenchmarkLoad,
  BenchmarkMetric,
  BenchmarkRun,
} from '#contracts/benchmarks';

interface Metric {
  name: BenchmarkMetric;
  read(load: BenchmarkLoad): number;
  higherIsBetter: boolean;
  /** Smaller differences are noise of timers and of the machine, whatever their percentage. */
  noise: number;
}

const METRICS: readonly Metric[] = [
  // A step of the engine and a tick of two event loops lie in it: 5 against 8 ms is no slower model.
  { name: 'ttftMs', read: ({ ttftMs }) => ttftMs.p50, higherIsBetter: false, noise: 10 },
  { name: 'timePerOutputTokenMs', read: (load) => load.timePerOutputTokenMs.p50, higherIsBetter: false, noise: 0.5 },
  { name: 'tokensPerSecond', read: ({ tokensPerSecond }) => tokensPerSecond, higherIsBetter: true, noise: 0 },
];

/** @param thresholdPercent worse by more is a regression. */
export function compare(
  loads: readonly BenchmarkLoad[],
  previous: BenchmarkRun,
  thresholdPercent: number,
): BenchmarkComparison {
  const changes = loads.flatMap((load) => {
    const before = previous.loads.find((one) => one.users === load.users && one.promptTokens === load.promptTokens);
    return before === undefined ? [] : METRICS.flatMap((metric) => change(metric, before, load, thresholdPercent));
  });
  return {
    previousId: previous.id,
    previousEndedAt: previous.endedAt ?? previous.startedAt,
    changes,
    regressions: changes.filter(({ regression }) => regression).length,
  };
}

function change(
  metric: Metric,
  before: BenchmarkLoad,
  after: BenchmarkLoad,
  thresholdPercent: number,
): BenchmarkChange[] {
  const [was, is] = [metric.read(before), metric.read(after)];
  if (was <= 0) return [];
  const percent = ((is - was) / was) * 100;
  const betterPercent = Math.round((metric.higherIsBetter ? percent : -percent) * 10) / 10;
  return [
    {
      metric: metric.name,
      users: after.users,
      promptTokens: after.promptTokens,
      before: was,
      after: is,
      betterPercent,
      regression: betterPercent < -thresholdPercent && Math.abs(is - was) > metric.noise,
    },
  ];
}

/** The newest completed benchmark of a profile. */
export function lastCompleted(runs: readonly BenchmarkRun[], profile: string): BenchmarkRun | null {
  const completed = runs.filter((run) => run.profile === profile && run.state === 'completed');
  return completed.sort((one, other) => other.startedAt - one.startedAt)[0] ?? null;
}
