import type { components } from '../../../api/schema';

export type BenchmarkRun = components['schemas']['BenchmarkRunDto'];
type Load = components['schemas']['BenchmarkLoadDto'];
type Change = components['schemas']['BenchmarkChangeDto'];

export const METRICS = ['ttftMs', 'timePerOutputTokenMs', 'tokensPerSecond'] as const;
export type BenchmarkMetric = (typeof METRICS)[number];

export interface Figure {
  metric: BenchmarkMetric;
  /** The middle one of the requests. */
  value: number;
  /** The same figure of the last benchmark of the profile; null where there was none. */
  change: Change | null;
}

export interface LoadFigures {
  load: Load;
  figures: Figure[];
}

/** What was measured, load by load, each figure beside the last one. */
export function figuresOf({ loads, comparison }: BenchmarkRun): LoadFigures[] {
  return loads.map((load) => ({
    load,
    figures: METRICS.map((metric) => ({
      metric,
      value: metric === 'tokensPerSecond' ? load.tokensPerSecond : load[metric].p50,
      change:
        comparison?.changes.find(
          (change) =>
            change.metric === metric && change.users === load.users && change.promptTokens === load.promptTokens,
        ) ?? null,
    })),
  }));
}
