import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { UserPlus } from 'lucide-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api } from '../../api/client';
import type { components } from '../../api/schema';
import { useSession, type User } from '../../api/session';
import { userList } from '../../api/users';
import { Button } from '../../ui/button';
import { explain } from '../../ui/explain';
import { showFailure } from '../../ui/toast';
import { formatDate } from '../../ui/format';
import { Notice, Page } from '../../ui/page';
import { NewUserDialog } from './new-user-dialog';

type Change = components['schemas']['UpdateUserDto'];

export function UsersPage() {
  const { t } = useTranslation();
  const [inviting, setInviting] = useState(false);
  const queries = useQueryClient();
  const users = useQuery(userList);
  const change = useMutation({
    mutationFn: ({ id, ...fields }: Change & { id: string }) =>
      api.PATCH('/api/users/{id}', { params: { path: { id } }, body: fields }),
    onSuccess: () => queries.invalidateQueries({ queryKey: ['users'] }),
    onError: showFailure,
  });
  return (
    <Page
      title={t('users.title')}
      actions={
        <Button look="primary" onClick={() => setInviting(true)}>
          <UserPlus aria-hidden className="size-4" /> {t('users.new')}
        </Button>
      }
    >
      {users.isError && <Notice tone="danger">{explain(users.error)}</Notice>}
      <ul className="grid gap-2">
        {users.data?.map((user) => (
          <UserRow
            key={user.id}
            of={user}
            busy={change.isPending}
            onChange={(fields) => change.mutate({ id: user.id, ...fields })}
          />
        ))}
      </ul>
      {inviting && <NewUserDialog onClose={() => setInviting(false)} />}
    </Page>
  );
}

function UserRow({ of: user, busy, onChange }: { of: User; busy: boolean; onChange: (change: Change) => void }) {
  const { t } = useTranslation();
  const isMe = useSession(({ session }) => session.kind === 'signedIn' && session.user.id === user.id);
  return (
    <li className="flex flex-wrap items-center gap-3 rounded-xl border border-line bg-raised px-4 py-3">
      <div className="min-w-48 flex-1">
        <p className={`font-medium ${user.disabled ? 'text-subtle line-through' : ''}`}>{user.email}</p>
        <p className="text-sm text-subtle">
          {t(`users.${user.role}`)} · {t('madeOn', { date: formatDate(user.createdAt) })}
          {user.disabled && ` · ${t('users.disabled')}`}
          {isMe && ` · ${t('users.you')}`}
        </p>
      </div>
      {!isMe && (
        <>
          <Button
            busy={busy}
            onClick={() => onChange({ role: user.role === 'admin' ? 'user' : 'admin' })}
            aria-label={t(user.role === 'admin' ? 'users.demoteOf' : 'users.promoteOf', { email: user.email })}
          >
            {t(user.role === 'admin' ? 'users.demote' : 'users.promote')}
          </Button>
          <Button
            look={user.disabled ? 'plain' : 'danger'}
            busy={busy}
            onClick={() => onChange({ disabled: !user.disabled })}
            aria-label={t(user.disabled ? 'users.enableOf' : 'users.disableOf', { email: user.email })}
          >
            {t(user.disabled ? 'users.enable' : 'users.disable')}
          </Button>
        </>
      )}
    </li>
  );
}
