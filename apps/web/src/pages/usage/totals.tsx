import { useTranslation } from 'react-i18next';
import { formatDuration, formatNumber, formatPercent } from '../../ui/format';
import type { Figures } from './lines';

/** The sums over everything that the filters leave. */
export function Totals({ of: total }: { of: Figures }) {
  const { t } = useTranslation();
  const tiles: [string, string][] = [
    [t('usage.requests'), formatNumber(total.requests)],
    [t('usage.inputTokens'), formatNumber(total.inputTokens)],
    [t('usage.outputTokens'), formatNumber(total.outputTokens)],
    [t('usage.errorRate'), formatPercent(total.errorRate)],
    [t('usage.ttftP50'), total.ttftMs.p50 === null ? '–' : formatDuration(total.ttftMs.p50)],
    [t('usage.latencyP95'), total.latencyMs.p95 === null ? '–' : formatDuration(total.latencyMs.p95)],
  ];
  return (
    <dl className="grid grid-cols-2 gap-3 sm:grid-cols-3 lg:grid-cols-6">
      {tiles.map(([name, value]) => (
        <div
          key={name}
          className="flex flex-col justify-between gap-1 rounded-xl border border-line bg-raised px-4 py-3"
        >
          <dt className="text-xs text-subtle">{name}</dt>
          <dd className="text-lg font-semibold tabular-nums">{value}</dd>
        </div>
      ))}
    </dl>
  );
}
