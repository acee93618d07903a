import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState, type FormEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { api, body } from '../../api/client';
import { Button } from '../../ui/button';
import { Dialog } from '../../ui/dialog';
import { Select, TextField } from '../../ui/field';

export function NewUserDialog({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation();
  const [role, setRole] = useState<'user' | 'admin'>('user');
  const queries = useQueryClient();
  const make = useMutation({
    mutationFn: (user: { email: string; password: string; role: 'user' | 'admin' }) =>
      body(api.POST('/api/users', { body: user })),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: ['users'] });
      onClose();
    },
  });
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    make.mutate({ email: String(form.get('email')), password: String(form.get('password')), role });
  };
  return (
    <Dialog title={t('users.new')} onClose={onClose}>
      <form onSubmit={submit} className="grid gap-4">
        <TextField label={t('email')} name="email" type="email" required autoComplete="off" />
        <TextField
          label={t('password')}
          name="password"
          type="text"
          required
          minLength={8}
          autoComplete="off"
          hint={t('users.passwordHint')}
          error={make.error?.message ?? null}
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
