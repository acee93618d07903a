import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { KeyRound, Trash2, UserPlus } from 'lucide-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api } from '../../api/client';
import type { components } from '../../api/schema';
import { useSession, type User } from '../../api/session';
import { userList } from '../../api/users';
import { Button, IconButton } from '../../ui/button';
import { Confirm } from '../../ui/confirm';
import { explain } from '../../ui/explain';
import { showFailure } from '../../ui/toast';
import { formatDate } from '../../ui/format';
import { Notice, Page } from '../../ui/page';
import { NewUserDialog } from './new-user-dialog';
import { ResetPasswordDialog } from './reset-password-dialog';

type Change = components['schemas']['UpdateUserDto'];

type Doing = { what: 'invite' } | { what: 'password' | 'delete'; user: User };

export function UsersPage() {
  const { t } = useTranslation();
  const [doing, setDoing] = useState<Doing | null>(null);
  const queries = useQueryClient();
  const users = useQuery(userList);
  const change = useMutation({
    mutationFn: ({ id, ...fields }: Change & { id: string }) =>
      api.PATCH('/api/users/{id}', { params: { path: { id } }, body: fields }),
    onSuccess: () => queries.invalidateQueries({ queryKey: ['users'] }),
    onError: showFailure,
  });
  const remove = useMutation({
    mutationFn: ({ id }: User) => api.DELETE('/api/users/{id}', { params: { path: { id } } }),
    onSuccess: () => queries.invalidateQueries({ queryKey: ['users'] }),
    onError: showFailure,
    onSettled: () => setDoing(null),
  });
  const close = (): void => setDoing(null);
  return (
    <Page
      title={t('users.title')}
      actions={
        <Button look="primary" onClick={() => setDoing({ what: 'invite' })}>
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
            onReset={() => setDoing({ what: 'password', user })}
            onDelete={() => setDoing({ what: 'delete', user })}
          />
        ))}
      </ul>
      {doing?.what === 'invite' && <NewUserDialog onClose={close} />}
      {doing?.what === 'password' && <ResetPasswordDialog of={doing.user} onClose={close} />}
      {doing?.what === 'delete' && (
        <Confirm
          title={t('users.deleteOf', { email: doing.user.email })}
          what={t('users.deleteWhat')}
          action={t('users.delete')}
          busy={remove.isPending}
          onConfirm={() => remove.mutate(doing.user)}
          onClose={close}
        />
      )}
    </Page>
  );
}

interface UserRowProps {
  of: User;
  busy: boolean;
  onChange: (change: Change) => void;
  onReset: () => void;
  onDelete: () => void;
}

function UserRow({ of: user, busy, onChange, onReset, onDelete }: UserRowProps) {
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
          <IconButton label={t('users.resetPasswordOf', { email: user.email })} onClick={onReset}>
            <KeyRound aria-hidden className="size-4" />
          </IconButton>
          <IconButton label={t('users.deleteOf', { email: user.email })} onClick={onDelete}>
            <Trash2 aria-hidden className="size-4" />
          </IconButton>
        </>
      )}
    </li>
  );
}
