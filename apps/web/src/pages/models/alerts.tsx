import { useQuery } from '@tanstack/react-query';
import { TriangleAlert } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { api, body } from '../../api/client';
import { formatTime } from '../../ui/format';
import { useIsAdmin } from './use-is-admin';

const EVERY_MS = 15_000;

/** What an operator should look at now. */
export function Alerts() {
  const { t } = useTranslation();
  const isAdmin = useIsAdmin();
  const alerts = useQuery({
    queryKey: ['alerts'],
    queryFn: () => body(api.GET('/api/models/alerts')),
    refetchInterval: EVERY_MS,
    enabled: isAdmin,
  });
  const on = alerts.data?.items.filter(({ endedAt }) => endedAt === null) ?? [];
  if (on.length === 0) return null;
  return (
    <ul aria-label={t('models.alerts')} className="grid gap-2">
      {on.map(({ id, kind, engine, message, startedAt }) => (
        <li key={id} className="flex items-start gap-2 rounded-xl border border-warning bg-raised px-4 py-3 text-sm">
          <TriangleAlert aria-hidden className="mt-0.5 size-4 shrink-0 text-warning" />
          <span role="alert">
            <strong>
              {t(`models.alertKind.${kind}`)}
              {engine !== null && ` (${engine})`}
            </strong>{' '}
            <span className="text-subtle tabular-nums">{formatTime(startedAt)}</span> {message}
          </span>
        </li>
      ))}
    </ul>
  );
}
