import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, body } from '../../api/client';
import { userList } from '../../api/users';
import { explain } from '../../ui/explain';
import { Select, TextField } from '../../ui/field';
import { FormDialog } from '../../ui/form-dialog';
import { formText } from '../../ui/form-text';
import { Invitation } from './invitation';
import { PasswordField } from './password-field';

interface NewUser {
  email: string;
  password: string;
  role: 'user' | 'admin';
}

/** Makes a user, then shows what to hand over: Tandem sends no e-mail. */
export function NewUserDialog({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation();
  const [role, setRole] = useState<NewUser['role']>('user');
  const queries = useQueryClient();
  const make = useMutation({
    mutationFn: (user: NewUser) => body(api.POST('/api/users', { body: user })),
    onSuccess: () => queries.invalidateQueries({ queryKey: userList.queryKey }),
  });
  if (make.isSuccess) return <Invitation title={t('users.made')} of={make.variables} onClose={onClose} />;
  return (
    <FormDialog
      title={t('users.new')}
      action={t('users.make')}
      busy={make.isPending}
      onSubmit={(form) => make.mutate({ email: formText(form, 'email'), password: formText(form, 'password'), role })}
      onClose={onClose}
    >
      <TextField
        label={t('email')}
        name="email"
        type="email"
        required
        autoComplete="off"
        error={make.isError ? explain(make.error) : null}
      />
      <PasswordField error={null} />
      <Select
        label={t('users.role')}
        value={role}
        onChoose={setRole}
        options={[
          ['user', t('users.user')],
          ['admin', t('users.admin')],
        ]}
      />
    </FormDialog>
  );
}
