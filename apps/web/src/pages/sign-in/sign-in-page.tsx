import { useState, type SubmitEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { ApiError, signIn } from '../../api/session';
import { Button } from '../../ui/button';
import { TextField } from '../../ui/field';
import { formText } from '../../ui/form-text';

export function SignInPage() {
  const { t } = useTranslation();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string | null>(null);

  async function submit(event: SubmitEvent<HTMLFormElement>): Promise<void> {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    setBusy(true);
    setError(null);
    try {
      await signIn(formText(form, 'email'), formText(form, 'password'));
    } catch (failure) {
      setError(reason(failure));
      setBusy(false);
    }
  }

  const reason = (failure: unknown): string => {
    if (!(failure instanceof ApiError)) return t('unreachable.what');
    if (failure.code === 'invalid_credentials') return t('signIn.wrong');
    if (failure.status === 429) return t('signIn.throttled', { seconds: failure.retryAfterS ?? 60 });
    return failure.message;
  };

  return (
    <main className="grid min-h-full place-content-center p-6">
      <title>{`${t('signIn.title')} · Tandem`}</title>
      <form onSubmit={(event) => void submit(event)} className="grid w-[min(22rem,100%)] gap-4">
        <img src="/icon.svg" alt="" className="size-12" />
        <h1 className="text-2xl font-semibold">{t('signIn.title')}</h1>
        <TextField label={t('email')} name="email" type="email" autoComplete="username" required autoFocus />
        <TextField
          label={t('password')}
          name="password"
          type="password"
          autoComplete="current-password"
          required
          error={error}
        />
        <Button type="submit" look="primary" busy={busy}>
          {t('signIn.do')}
        </Button>
        <p className="text-xs text-subtle">{t('signIn.first')}</p>
      </form>
    </main>
  );
}
