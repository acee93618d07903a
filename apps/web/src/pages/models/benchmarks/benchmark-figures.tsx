import { TrendingDown, TrendingUp } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { formatDuration, formatNumber } from '../../../ui/format';
import { figuresOf, METRICS, type BenchmarkMetric, type BenchmarkRun, type Figure } from './comparison';

/** Less is the noise of a machine that does other things too. */
const SHOWN_PERCENT = 1;

function shown(metric: BenchmarkMetric, value: number): string {
  if (metric === 'tokensPerSecond') return formatNumber(value);
  return value < 100 ? `${formatNumber(value, 1)} ms` : formatDuration(value);
}

/** Load by load: the first word, the time per token, the tokens a second; each beside the last one. */
export function BenchmarkFigures({ of: run }: { of: BenchmarkRun }) {
  const { t } = useTranslation();
  return (
    <div className="relative overflow-x-auto" tabIndex={0} role="region" aria-label={t('models.benchmark.loads')}>
      <table className="w-full text-sm">
        <thead>
          <tr className="text-left text-xs text-subtle">
            <th scope="col" className="py-1 pr-4 font-medium">
              {t('models.benchmark.load')}
            </th>
            {METRICS.map((metric) => (
              <th key={metric} scope="col" className="py-1 pl-4 text-right font-medium whitespace-nowrap">
                {t(`models.benchmark.metric.${metric}`)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {figuresOf(run).map(({ load, figures }) => (
            <tr key={`${load.users}.${load.promptTokens}`} className="border-t border-line">
              <th scope="row" className="py-1.5 pr-4 text-left font-normal">
                {t('models.benchmark.usersAt', { count: load.users, tokens: formatNumber(load.promptTokens) })}
              </th>
              {figures.map((figure) => (
                <td key={figure.metric} className="py-1.5 pl-4 text-right whitespace-nowrap tabular-nums">
                  {shown(figure.metric, figure.value)}
                  <Beside of={figure} />
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** How it compares with the last time. */
function Beside({ of: { metric, change } }: { of: Figure }) {
  const { t } = useTranslation();
  if (change === null) return null;
  const before = t('models.benchmark.wasBefore', { value: shown(metric, change.before) });
  if (Math.abs(change.betterPercent) < SHOWN_PERCENT) return <div className="text-xs text-subtle">{before}</div>;
  const better = change.betterPercent > 0;
  const Icon = better ? TrendingUp : TrendingDown;
  const tone = change.regression ? 'font-medium text-danger' : better ? 'text-good' : 'text-subtle';
  return (
    <div className="flex items-center justify-end gap-1 text-xs text-subtle">
      {before}
      <span className={`inline-flex items-center gap-0.5 ${tone}`}>
        <Icon aria-hidden className="size-3.5" />
        {formatNumber(Math.abs(change.betterPercent))} %
        <span className="sr-only">
          {change.regression
            ? t('models.benchmark.slower')
            : better
              ? t('models.benchmark.better')
              : t('models.benchmark.worse')}
        </span>
      </span>
    </div>
  );
}
