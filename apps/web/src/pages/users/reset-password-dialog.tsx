import { useMutation } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { api, body } from '../../api/client';
import type { User } from '../../api/session';
import { explain } from '../../ui/explain';
import { FormDialog } from '../../ui/form-dialog';
import { formText } from '../../ui/form-text';
import { Invitation } from './invitation';
import { PasswordField } from './password-field';

/** Gives somebody a new password, which ends their sessions; then shows what to hand over. */
export function ResetPasswordDialog({ of: { id, email }, onClose }: { of: User; onClose: () => void }) {
  const { t } = useTranslation();
  const reset = useMutation({
    mutationFn: (password: string) =>
      body(api.PATCH('/api/users/{id}', { params: { path: { id } }, body: { password } })),
  });
  if (reset.isSuccess)
    return <Invitation title={t('users.passwordReset')} of={{ email, password: reset.variables }} onClose={onClose} />;
  return (
    <FormDialog
      title={t('users.resetPasswordOf', { email })}
      action={t('users.resetPassword')}
      busy={reset.isPending}
      onSubmit={(form) => reset.mutate(formText(form, 'password'))}
      onClose={onClose}
    >
      <p className="text-sm">{t('users.resetPasswordWhat')}</p>
      <PasswordField error={reset.isError ? explain(reset.error) : null} />
    </FormDialog>
  );
}
