import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { useSearchParams } from 'react-router';
import { api, body } from '../../api/client';
import { explain } from '../../ui/explain';
import { Notice, Page } from '../../ui/page';
import { Tabs } from '../../ui/tabs';
import { ExportCsv } from './export-csv';
import { FilterBar } from './filter-bar';
import { toLines } from './lines';
import { useNames } from './names';
import { RequestList } from './request-list';
import { Totals } from './totals';
import { UsageChart } from './usage-chart';
import { changeView, filterOf, GROUPS, METRICS, readView } from './usage-query';
import { UsageTable } from './usage-table';

/** Who used what: sums over a range as a chart and as a table, the single requests, and all of it as a file. */
export function UsagePage() {
  const { t } = useTranslation();
  const [address, setAddress] = useSearchParams();
  const view = readView(address, new Date());
  const listed = address.get('show') === 'requests';
  const names = useNames();
  const summary = useQuery({
    queryKey: ['usage', 'summary', view.by, filterOf(view)],
    queryFn: () => body(api.GET('/api/usage/summary', { params: { query: { ...filterOf(view), groupBy: view.by } } })),
    placeholderData: (before) => before,
  });
  const change = (wanted: Parameters<typeof changeView>[1] & { show?: string | null }): void =>
    setAddress((now) => changeView(now, wanted), { replace: true });
  const total = summary.data?.total;
  const lines = summary.data === undefined ? [] : toLines(summary.data.items, view, names);
  return (
    <Page title={t('usage.title')} actions={<ExportCsv view={view} expectedRows={total?.requests ?? null} />}>
      <FilterBar view={view} names={names} onChange={change} />
      {summary.isError && <Notice tone="danger">{explain(summary.error)}</Notice>}
      {total !== undefined && <Totals of={total} />}
      <div className="flex flex-wrap justify-between gap-3">
        <Tabs
          label={t('usage.by')}
          value={listed ? 'requests' : view.by}
          options={[...GROUPS, 'requests' as const].map((group) => [group, t(`usage.group.${group}`)] as const)}
          onChoose={(by) => change(by === 'requests' ? { show: 'requests' } : { by, show: null })}
        />
        {!listed && (
          <Tabs
            label={t('usage.metric')}
            value={view.metric}
            options={METRICS.map((metric) => [metric, t(`usage.metrics.${metric}`)] as const)}
            onChoose={(metric) => change({ metric })}
          />
        )}
      </div>
      {listed && <RequestList view={view} names={names} />}
      {!listed && total?.requests === 0 && <Notice>{t('usage.none')}</Notice>}
      {!listed && total !== undefined && total.requests > 0 && (
        <>
          <UsageChart by={view.by} metric={view.metric} lines={lines} />
          <UsageTable by={view.by} lines={lines} total={total} percentileError={summary.data?.percentileError ?? 0} />
        </>
      )}
    </Page>
  );
}
