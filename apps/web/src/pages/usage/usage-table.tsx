import { useTranslation } from 'react-i18next';
import { formatDuration, formatNumber, formatPercent } from '../../ui/format';
import { Table } from '../../ui/table';
import type { Figures, Line } from './lines';
import type { UsageGroup } from './usage-query';

interface UsageTableProps {
  by: UsageGroup;
  lines: readonly Line[];
  total: Figures;
  /** How far a percentile may be off, relatively. */
  percentileError: number;
}

const COLUMNS: readonly [string, (figures: Figures) => string][] = [
  ['usage.requests', ({ requests }) => formatNumber(requests)],
  ['usage.errorRate', ({ errorRate }) => formatPercent(errorRate)],
  ['usage.inputTokens', ({ inputTokens }) => formatNumber(inputTokens)],
  ['usage.cachedTokens', ({ cachedTokens }) => formatNumber(cachedTokens)],
  ['usage.outputTokens', ({ outputTokens }) => formatNumber(outputTokens)],
  ['usage.reasoningTokens', ({ reasoningTokens }) => formatNumber(reasoningTokens)],
  ['usage.ttftP50', ({ ttftMs }) => duration(ttftMs.p50)],
  ['usage.ttftP95', ({ ttftMs }) => duration(ttftMs.p95)],
  ['usage.latencyP50', ({ latencyMs }) => duration(latencyMs.p50)],
  ['usage.latencyP95', ({ latencyMs }) => duration(latencyMs.p95)],
];

const duration = (ms: number | null): string => (ms === null ? '–' : formatDuration(ms));

/** The same lines as the chart, with all figures. Days are newest first here. */
export function UsageTable({ by, lines, total, percentileError }: UsageTableProps) {
  const { t } = useTranslation();
  const used = lines.filter(({ figures }) => figures !== null);
  return (
    <div className="grid gap-2">
      <Table label={t('usage.table')}>
        <thead>
          <tr className="border-b border-line text-xs text-subtle">
            <th scope="col" className="px-4 py-2 text-left align-bottom font-medium">
              {t(`usage.group.${by}`)}
            </th>
            {COLUMNS.map(([name]) => (
              <th
                key={name}
                scope="col"
                className="px-3 py-2 text-right align-bottom font-medium [overflow-wrap:normal]"
              >
                {t(name)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {(by === 'day' ? used.toReversed() : used).map(({ key, name, figures }) => (
            <tr key={key} className="border-b border-line hover:bg-sunken">
              <th
                scope="row"
                className="max-w-64 truncate px-4 py-2 text-left font-normal whitespace-nowrap"
                title={name}
              >
                {name}
              </th>
              {figures !== null && <Cells of={figures} />}
            </tr>
          ))}
        </tbody>
        <tfoot>
          <tr className="font-medium">
            <th scope="row" className="px-4 py-2 text-left font-medium">
              {t('usage.total')}
            </th>
            <Cells of={total} />
          </tr>
        </tfoot>
      </Table>
      <p className="text-xs text-subtle">
        {t('usage.utc')} {percentileError > 0 && t('usage.rough', { percent: formatPercent(percentileError) })}
      </p>
    </div>
  );
}

function Cells({ of: figures }: { of: Figures }) {
  return COLUMNS.map(([name, show]) => (
    <td key={name} className="px-3 py-2 text-right whitespace-nowrap">
      {show(figures)}
    </td>
  ));
}
