import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState, type SubmitEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { api, body } from '../../api/client';
import { userList } from '../../api/users';
import { Button } from '../../ui/button';
import { CopyButton } from '../../ui/copy-button';
import { Dialog } from '../../ui/dialog';
import { explain } from '../../ui/explain';
import { Select, TextField } from '../../ui/field';
import { formText } from '../../ui/form-text';
import { newPassword } from './new-password';

interface NewUser {
  email: string;
  password: string;
  role: 'user' | 'admin';
}

/** Makes a user, then shows what to hand over: Tandem sends no e-mail. */
export function NewUserDialog({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation();
  const [role, setRole] = useState<NewUser['role']>('user');
  const [proposed] = useState(newPassword);
  const queries = useQueryClient();
  const make = useMutation({
    mutationFn: (user: NewUser) => body(api.POST('/api/users', { body: user })),
    onSuccess: () => queries.invalidateQueries({ queryKey: userList.queryKey }),
  });
  if (make.isSuccess) return <Invitation user={make.variables} onClose={onClose} />;
  const submit = (event: SubmitEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    make.mutate({ email: formText(form, 'email'), password: formText(form, 'password'), role });
  };
  return (
    <Dialog title={t('users.new')} onClose={onClose}>
      <form onSubmit={submit} className="grid gap-4">
        <TextField
          label={t('email')}
          name="email"
          type="email"
          required
          autoComplete="off"
          error={make.isError ? explain(make.error) : null}
        />
        <TextField
          label={t('password')}
          name="password"
          type="text"
          required
          minLength={8}
          autoComplete="off"
          defaultValue={proposed}
          hint={t('users.passwordHint')}
        />
        <Select
          label={t('users.role')}
          value={role}
          onChoose={setRole}
          options={[
            ['user', t('users.user')],
            ['admin', t('users.admin')],
          ]}
        />
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>{t('cancel')}</Button>
          <Button type="submit" look="primary" busy={make.isPending}>
            {t('users.make')}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

function Invitation({ user: { email, password }, onClose }: { user: NewUser; onClose: () => void }) {
  const { t } = useTranslation();
  const text = t('users.invitation', { address: window.location.origin, email, password });
  return (
    <Dialog title={t('users.made')} onClose={onClose}>
      <p className="text-sm">{t('users.handOver')}</p>
      <div className="flex items-start gap-2 rounded-lg bg-sunken px-3 py-2">
        <p className="flex-1 text-sm whitespace-pre-line">{text}</p>
        <CopyButton text={text} label={t('users.copyInvitation')} />
      </div>
      <div className="flex justify-end">
        <Button look="primary" onClick={onClose}>
          {t('done')}
        </Button>
      </div>
    </Dialog>
  );
}
