import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Plus, Trash2 } from 'lucide-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { allPages } from '../../api/all-pages';
import { api, body } from '../../api/client';
import type { components } from '../../api/schema';
import { Button, IconButton } from '../../ui/button';
import { Confirm } from '../../ui/confirm';
import { showFailure } from '../../ui/toast';
import { formatDate, formatNumber } from '../../ui/format';
import { Notice, Page } from '../../ui/page';
import { NewKeyDialog } from './new-key-dialog';

type Key = components['schemas']['KeyDto'];

export function KeysPage() {
  const { t } = useTranslation();
  const [making, setMaking] = useState(false);
  const [revoking, setRevoking] = useState<Key | null>(null);
  const queries = useQueryClient();
  const keys = useQuery({
    queryKey: ['keys'],
    queryFn: () =>
      allPages((cursor) => body(api.GET('/api/keys', { params: { query: cursor === undefined ? {} : { cursor } } }))),
  });
  const revoke = useMutation({
    mutationFn: ({ id }: Key) => api.DELETE('/api/keys/{id}', { params: { path: { id } } }),
    onSuccess: () => queries.invalidateQueries({ queryKey: ['keys'] }),
    onError: showFailure,
    onSettled: () => setRevoking(null),
  });
  return (
    <Page
      title={t('keys.title')}
      actions={
        <Button look="primary" onClick={() => setMaking(true)}>
          <Plus aria-hidden className="size-4" /> {t('keys.new')}
        </Button>
      }
    >
      {keys.isError && <Notice tone="danger">{keys.error.message}</Notice>}
      {keys.data?.length === 0 && <Notice>{t('keys.none')}</Notice>}
      {keys.data !== undefined && keys.data.length > 0 && (
        <ul className="grid gap-2">
          {keys.data.map((key) => (
            <KeyRow key={key.id} of={key} onRevoke={() => setRevoking(key)} />
          ))}
        </ul>
      )}
      {making && <NewKeyDialog onClose={() => setMaking(false)} />}
      {revoking !== null && (
        <Confirm
          title={t('keys.revokeTitle', { name: revoking.name })}
          what={t('keys.revokeWhat')}
          action={t('keys.revoke')}
          busy={revoke.isPending}
          onConfirm={() => revoke.mutate(revoking)}
          onClose={() => setRevoking(null)}
        />
      )}
    </Page>
  );
}

function KeyRow({ of: key, onRevoke }: { of: Key; onRevoke: () => void }) {
  const { t } = useTranslation();
  const expired = key.expiresAt !== null && new Date(key.expiresAt) <= new Date();
  const limits = (['requestsPerMinute', 'tokensPerMinute', 'concurrentRequests', 'monthlyTokens'] as const).flatMap(
    (limit) => (key[limit] === null ? [] : [`${t(`keys.${limit}`)}: ${formatNumber(key[limit])}`]),
  );
  if (key.allowedModels !== null) limits.push(`${t('keys.allowedModels')}: ${key.allowedModels.join(', ')}`);
  return (
    <li className="flex items-center gap-4 rounded-xl border border-line bg-raised px-4 py-3">
      <div className="min-w-0 flex-1">
        <p className="font-medium">{key.name}</p>
        <p className="text-sm text-subtle">
          <code>{key.hint}</code> · {t('madeOn', { date: formatDate(key.createdAt) })}
          {key.expiresAt !== null && (
            <span className={expired ? 'text-danger' : ''}>
              {' · '}
              {t(expired ? 'keys.expired' : 'keys.expires', { date: formatDate(key.expiresAt) })}
            </span>
          )}
        </p>
        {limits.length > 0 && <p className="text-sm text-subtle">{limits.join(' · ')}</p>}
      </div>
      <IconButton label={t('keys.revokeTitle', { name: key.name })} onClick={onRevoke}>
        <Trash2 aria-hidden className="size-4" />
      </IconButton>
    </li>
  );
}
