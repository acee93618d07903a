import { useMutation } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { toast } from '../../ui/toast';
import { api } from '../../api/client';
import { endSession } from '../../api/session';
import { Button } from '../../ui/button';
import { explain } from '../../ui/explain';
import { TextField } from '../../ui/field';
import { formText } from '../../ui/form-text';
import { Section } from './section';

export function ChangePassword() {
  const { t } = useTranslation();
  const change = useMutation({
    mutationFn: (fields: { currentPassword: string; password: string }) => api.PATCH('/api/me', { body: fields }),
    onSuccess: () => {
      toast('good', t('settings.passwordChanged'));
      endSession(); // every session of the account is over
    },
  });
  return (
    <Section title={t('password')}>
      <form
        className="grid gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          const form = new FormData(event.currentTarget);
          change.mutate({ currentPassword: formText(form, 'current'), password: formText(form, 'next') });
        }}
      >
        <TextField
          label={t('settings.currentPassword')}
          name="current"
          type="password"
          autoComplete="current-password"
          required
        />
        <TextField
          label={t('settings.newPassword')}
          name="next"
          type="password"
          autoComplete="new-password"
          minLength={8}
          required
          hint={t('settings.passwordHint')}
          error={change.isError ? explain(change.error) : null}
        />
        <div>
          <Button type="submit" busy={change.isPending}>
            {t('settings.changePassword')}
          </Button>
        </div>
      </form>
    </Section>
  );
}
