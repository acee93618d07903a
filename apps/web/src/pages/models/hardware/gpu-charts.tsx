import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { formatNumber } from '../../../ui/format';
import type { Gpu } from '../queries';
import { columnsOf, useGpuHistory, type Metric } from './gpu-history';
import { TimeChart } from './time-chart';

interface Chart {
  metric: Metric;
  title: string;
  unit: string;
  /** What the axis reaches at least. */
  max: (gpus: readonly Gpu[]) => number;
  /** Of the reading, for the axis and the figure beside the title. */
  shown: (value: number) => number;
}

const CHARTS: readonly Chart[] = [
  {
    metric: 'usedMib',
    title: 'models.hardware.memory',
    unit: 'GiB',
    max: (gpus) => Math.max(...gpus.map(({ totalMib }) => totalMib)),
    shown: (mib) => mib / 1_024,
  },
  { metric: 'utilisation', title: 'models.hardware.utilisation', unit: '%', max: () => 100, shown: (value) => value },
  { metric: 'temperature', title: 'models.hardware.temperature', unit: '°C', max: () => 90, shown: (value) => value },
  {
    metric: 'power',
    title: 'models.hardware.power',
    unit: 'W',
    max: (gpus) => Math.max(100, ...gpus.map(({ powerLimit }) => powerLimit ?? 0)),
    shown: (value) => value,
  },
];

/** What the cards did since these pages were opened. */
export function GpuCharts({ gpus }: { gpus: readonly Gpu[] }) {
  return (
    <div className="grid gap-4 sm:grid-cols-2">
      {CHARTS.map((chart) => (
        <OneChart key={chart.metric} chart={chart} gpus={gpus} />
      ))}
    </div>
  );
}

function OneChart({ chart: { metric, title, unit, max, shown }, gpus }: { chart: Chart; gpus: readonly Gpu[] }) {
  const { t } = useTranslation();
  const samples = useGpuHistory((history) => history.samples);
  const indices = gpus.map(({ index }) => index).join(',');
  const columns = useMemo(() => columnsOf(samples, metric, indices.split(',').map(Number)), [samples, metric, indices]);
  const figure = (value: number | null): string =>
    value === null ? t('models.hardware.unknown') : `${formatNumber(shown(value), unit === 'GiB' ? 1 : 0)} ${unit}`;
  const now = gpus.map((gpu) => `${t('models.gpu', { index: gpu.index })} ${figure(gpu[metric])}`);
  return (
    <section className="grid min-w-0 gap-2 rounded-2xl border border-line bg-raised p-4">
      <div className="flex flex-wrap items-baseline justify-between gap-x-4 gap-y-1">
        <h3 className="text-sm font-semibold">{t(title)}</h3>
        <ul className="flex flex-wrap gap-x-3 text-xs text-subtle">
          {gpus.map((gpu, series) => (
            <li key={gpu.index} className="flex items-center gap-1.5 tabular-nums">
              <span
                aria-hidden
                className="h-0.5 w-3 rounded"
                style={{ backgroundColor: `var(--series-${series % 4})` }}
              />
              {now[series]}
            </li>
          ))}
        </ul>
      </div>
      <TimeChart
        label={`${t(title)}: ${now.join(', ')}`}
        columns={columns}
        names={gpus.map((gpu) => t('models.gpu', { index: gpu.index }))}
        max={max(gpus)}
        format={(value) => `${formatNumber(shown(value))} ${unit}`}
      />
    </section>
  );
}
