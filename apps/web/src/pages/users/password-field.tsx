import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { TextField } from '../../ui/field';
import { newPassword } from './new-password';

/** A password that an admin gives to somebody else: proposed, and to be seen. */
export function PasswordField({ error }: { error: string | null }) {
  const { t } = useTranslation();
  const [proposed] = useState(newPassword);
  return (
    <TextField
      label={t('password')}
      name="password"
      type="text"
      required
      minLength={8}
      autoComplete="off"
      defaultValue={proposed}
      hint={t('users.passwordHint')}
      error={error}
    />
  );
}
