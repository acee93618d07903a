import { useTranslation } from 'react-i18next';
import { formatNumber } from '../../ui/format';
import { niceCeiling } from './nice-ceiling';
import type { Line } from './lines';
import type { Metric, UsageGroup } from './usage-query';

interface UsageChartProps {
  by: UsageGroup;
  metric: Metric;
  lines: readonly Line[];
}

interface Part {
  name: string;
  value: number;
  className: string;
}

interface Bar {
  key: string;
  name: string;
  parts: readonly Part[];
  sum: number;
}

/** More names than these are not read in a chart; the table has them all. */
const SHOWN_NAMES = 12;

/** The lines as bars. The table below says the same in numbers, so for a screen reader this is one picture. */
export function UsageChart({ by, metric, lines }: UsageChartProps) {
  const { t } = useTranslation();
  const bars = lines.map((line): Bar => {
    const parts = partsOf(line, metric, t);
    return { key: line.key, name: line.name, parts, sum: parts.reduce((sum, { value }) => sum + value, 0) };
  });
  const legend = bars[0]?.parts ?? [];
  return (
    <figure className="grid gap-3 rounded-2xl border border-line bg-raised p-4">
      <figcaption className="flex flex-wrap items-center justify-between gap-3 text-sm">
        <span className="font-medium">
          {t(`usage.metrics.${metric}`)} · {t(`usage.group.${by}`)}
        </span>
        {legend.length > 1 && (
          <span className="flex gap-4 text-xs text-subtle">
            {legend.map(({ name, className }) => (
              <span key={name} className="flex items-center gap-1.5">
                <span aria-hidden className={`size-2.5 rounded-sm ${className}`} /> {name}
              </span>
            ))}
          </span>
        )}
      </figcaption>
      <div role="img" aria-label={t('usage.chartLabel')}>
        {by === 'day' ? <Columns bars={bars} /> : <Rows bars={bars.slice(0, SHOWN_NAMES)} />}
      </div>
    </figure>
  );
}

function partsOf({ figures }: Line, metric: Metric, t: (key: string) => string): Part[] {
  const whole = { name: t(`usage.metrics.${metric}`), className: metric === 'errors' ? 'bg-danger' : 'bg-accent' };
  switch (metric) {
    case 'tokens':
      return [
        { name: t('usage.outputTokens'), value: figures?.outputTokens ?? 0, className: 'bg-accent' },
        { name: t('usage.inputTokens'), value: figures?.inputTokens ?? 0, className: 'bg-accent-soft' },
      ];
    case 'requests':
      return [{ ...whole, value: figures?.requests ?? 0 }];
    case 'errors':
      return [{ ...whole, value: figures?.errors ?? 0 }];
  }
}

const titleOf = ({ name, parts }: Bar): string =>
  [name, ...parts.map((part) => `${part.name}: ${formatNumber(part.value)}`)].join('\n');

/** Days from left to right. */
function Columns({ bars }: { bars: readonly Bar[] }) {
  const top = niceCeiling(Math.max(...bars.map(({ sum }) => sum), 1));
  // Six dates are readable on a phone.
  const every = Math.max(1, Math.ceil(bars.length / 6));
  return (
    <div className="grid grid-cols-[auto_1fr] gap-x-2">
      <div className="flex h-48 flex-col justify-between text-right text-[0.65rem] text-subtle tabular-nums">
        {[1, 0.5, 0].map((share) => (
          <span key={share} className="-translate-y-1/2 leading-none">
            {formatNumber(top * share, top < 4 ? 1 : 0)}
          </span>
        ))}
      </div>
      <div className="relative h-48">
        <div className="absolute inset-0 flex flex-col justify-between">
          {[1, 0.5, 0].map((share) => (
            <span key={share} className="border-t border-line" />
          ))}
        </div>
        <div className="absolute inset-0 flex items-end gap-px sm:gap-0.5">
          {bars.map((bar) => (
            <div key={bar.key} title={titleOf(bar)} className="group flex h-full min-w-0 flex-1 flex-col justify-end">
              <div
                className="mx-auto flex w-full max-w-8 flex-col-reverse overflow-hidden rounded-t-sm transition group-hover:opacity-80"
                style={{ height: `${(bar.sum / top) * 100}%` }}
              >
                {bar.parts.map((part) => (
                  <div key={part.name} className={part.className} style={{ flexGrow: part.value }} />
                ))}
              </div>
            </div>
          ))}
        </div>
      </div>
      <span />
      <div className="mt-1.5 flex text-[0.65rem] text-subtle">
        {bars
          .filter((_, index) => index % every === 0)
          .map((bar) => (
            <span key={bar.key} className="flex-1 truncate">
              {bar.name}
            </span>
          ))}
      </div>
    </div>
  );
}

/** Users, keys or models, the largest first. */
function Rows({ bars }: { bars: readonly Bar[] }) {
  const top = Math.max(...bars.map(({ sum }) => sum), 1);
  return (
    <div className="grid gap-2">
      {bars
        .toSorted((a, b) => b.sum - a.sum)
        .map((bar) => (
          <div
            key={bar.key}
            title={titleOf(bar)}
            className="grid grid-cols-[minmax(0,12rem)_1fr_5rem] items-center gap-3 text-sm"
          >
            <span className="truncate">{bar.name}</span>
            <span className="flex h-4 overflow-hidden rounded-sm bg-sunken">
              {bar.parts.map((part) => (
                <span key={part.name} className={part.className} style={{ width: `${(part.value / top) * 100}%` }} />
              ))}
            </span>
            <span className="text-right text-xs text-subtle tabular-nums">{formatNumber(bar.sum)}</span>
          </div>
        ))}
    </div>
  );
}
