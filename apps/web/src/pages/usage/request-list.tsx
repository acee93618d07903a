import { useInfiniteQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { api, body } from '../../api/client';
import { Button } from '../../ui/button';
import { explain } from '../../ui/explain';
import { formatDateTime, formatDuration, formatNumber } from '../../ui/format';
import { Notice } from '../../ui/page';
import { Table } from '../../ui/table';
import type { Names } from './names';
import { filterOf, type UsageView } from './usage-query';

const PAGE = 50;

/** The single requests, newest first: what a sum is made of. */
export function RequestList({ view, names }: { view: UsageView; names: Names }) {
  const { t } = useTranslation();
  const rows = useInfiniteQuery({
    queryKey: ['usage', 'requests', filterOf(view)],
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam }) =>
      body(
        api.GET('/api/usage/requests', {
          params: {
            query: { ...filterOf(view), limit: PAGE, ...(pageParam === undefined ? {} : { cursor: pageParam }) },
          },
        }),
      ),
    getNextPageParam: (page) => page.nextCursor ?? undefined,
  });
  const all = rows.data?.pages.flatMap(({ items }) => items) ?? [];
  if (rows.isError) return <Notice tone="danger">{explain(rows.error)}</Notice>;
  if (rows.isSuccess && all.length === 0) return <Notice>{t('usage.none')}</Notice>;
  return (
    <div className="grid gap-3">
      <Table label={t('usage.group.requests')}>
        <thead>
          <tr className="border-b border-line text-left text-xs text-subtle">
            {['time', 'who', 'modelName', 'tokensInOut', 'ttft', 'latency', 'outcome'].map((name) => (
              <th key={name} scope="col" className="px-3 py-2 font-medium whitespace-nowrap">
                {t(`usage.${name}`)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {all.map((row) => (
            <tr
              key={row.requestId}
              title={row.requestId}
              className="border-b border-line last:border-0 hover:bg-sunken"
            >
              <td className="px-3 py-2 whitespace-nowrap">{formatDateTime(row.createdAt)}</td>
              <td className="max-w-56 truncate px-3 py-2">
                {names.user(row.userId, row.userEmail)} <span className="text-subtle">· {names.key(row.keyId)}</span>
              </td>
              <td className="max-w-56 truncate px-3 py-2">{row.model}</td>
              <td className="px-3 py-2 whitespace-nowrap">
                {row.inputTokens === null ? '–' : formatNumber(row.inputTokens)} /{' '}
                {row.outputTokens === null ? '–' : formatNumber(row.outputTokens)}
              </td>
              <td className="px-3 py-2 whitespace-nowrap">{row.ttftMs === null ? '–' : formatDuration(row.ttftMs)}</td>
              <td className="px-3 py-2 whitespace-nowrap">
                {row.latencyMs === null ? '–' : formatDuration(row.latencyMs)}
              </td>
              <td className={`px-3 py-2 whitespace-nowrap ${row.errorCode === null ? '' : 'text-danger'}`}>
                {row.outcome === null ? t('usage.running') : t(`usage.outcomes.${row.outcome}`)}
              </td>
            </tr>
          ))}
        </tbody>
      </Table>
      {rows.hasNextPage && (
        <Button
          busy={rows.isFetchingNextPage}
          onClick={() => void rows.fetchNextPage()}
          className="justify-self-center"
        >
          {t('chat.more')}
        </Button>
      )}
    </div>
  );
}
