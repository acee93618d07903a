import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Pencil, Plus, Trash2 } from 'lucide-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api } from '../../api/client';
import { keyList } from '../../api/keys';
import { useSession } from '../../api/session';
import { userList } from '../../api/users';
import { Button, IconButton } from '../../ui/button';
import { Confirm } from '../../ui/confirm';
import { explain } from '../../ui/explain';
import { showFailure } from '../../ui/toast';
import { formatDate, formatNumber } from '../../ui/format';
import { Notice, Page } from '../../ui/page';
import { Samples } from './code-samples';
import { EditKeyDialog } from './edit-key-dialog';
import { CODE_CHUNKS, LIMITS, type Key } from './key-fields';
import { NewKeyDialog } from './new-key-dialog';

export function KeysPage() {
  const { t } = useTranslation();
  const [making, setMaking] = useState(false);
  const [editing, setEditing] = useState<Key | null>(null);
  const [revoking, setRevoking] = useState<Key | null>(null);
  const queries = useQueryClient();
  const owner = useOwners();
  const keys = useQuery(keyList);
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
      {keys.isError && <Notice tone="danger">{explain(keys.error)}</Notice>}
      {keys.data?.length === 0 && <Notice>{t('keys.none')}</Notice>}
      {keys.data !== undefined && keys.data.length > 0 && (
        <ul className="grid gap-2">
          {keys.data.map((key) => (
            <KeyRow
              key={key.id}
              of={key}
              owner={owner(key)}
              onEdit={() => setEditing(key)}
              onRevoke={() => setRevoking(key)}
            />
          ))}
        </ul>
      )}
      {keys.data !== undefined && (
        <section aria-labelledby="samples" className="grid gap-3">
          <h2 id="samples" className="font-semibold">
            {t('keys.samples')}
          </h2>
          <p className="text-sm text-subtle">{t('keys.samplesWhat')}</p>
          <Samples apiKey="sk-tandem-..." />
        </section>
      )}
      {editing !== null && <EditKeyDialog of={editing} onClose={() => setEditing(null)} />}
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

/** Names the owner of a key that is somebody else's: an admin sees all keys. */
function useOwners(): (key: Key) => string | null {
  const me = useSession(({ session }) => (session.kind === 'signedIn' ? session.user : null));
  const users = useQuery({ ...userList, enabled: me?.role === 'admin' });
  return ({ userId }) => (userId === me?.id ? null : (users.data?.find(({ id }) => id === userId)?.email ?? null));
}

interface KeyRowProps {
  of: Key;
  /** Whose it is, when not one's own. */
  owner: string | null;
  onEdit: () => void;
  onRevoke: () => void;
}

function KeyRow({ of: key, owner, onEdit, onRevoke }: KeyRowProps) {
  const { t } = useTranslation();
  const expired = key.expiresAt !== null && new Date(key.expiresAt) <= new Date();
  const limits = [...LIMITS, ...CODE_CHUNKS].flatMap((limit) =>
    key[limit] === null ? [] : [`${t(`keys.${limit}`)}: ${formatNumber(key[limit])}`],
  );
  if (key.allowedModels !== null) limits.push(`${t('keys.allowedModels')}: ${key.allowedModels.join(', ')}`);
  return (
    <li className="flex items-center gap-4 rounded-xl border border-line bg-raised px-4 py-3">
      <div className="min-w-0 flex-1">
        <p className="font-medium">
          {key.name}
          {owner !== null && <span className="font-normal text-subtle"> · {owner}</span>}
        </p>
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
      <IconButton label={t('keys.editTitle', { name: key.name })} onClick={onEdit}>
        <Pencil aria-hidden className="size-4" />
      </IconButton>
      <IconButton label={t('keys.revokeTitle', { name: key.name })} onClick={onRevoke}>
        <Trash2 aria-hidden className="size-4" />
      </IconButton>
    </li>
  );
}
