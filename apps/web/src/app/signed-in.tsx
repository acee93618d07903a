import { useCallback, useEffect, useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { freshToken, useSession } from '../api/session';
import { SignInPage } from '../pages/sign-in/sign-in-page';
import { Button } from '../ui/button';

/** Shows its children to who is signed in, and the sign-in page to who is not. */
export function SignedIn({ children }: { children: ReactNode }) {
  const { t } = useTranslation();
  const kind = useSession(({ session }) => session.kind);
  const [unreachable, setUnreachable] = useState(false);

  const ask = useCallback(() => {
    freshToken().catch(() => setUnreachable(true));
  }, []);
  useEffect(ask, [ask]);

  if (kind === 'signedIn') return children;
  if (kind === 'signedOut') return <SignInPage />;
  if (!unreachable) return <p className="sr-only">{t('loading')}</p>;
  return (
    <main className="grid h-full place-content-center gap-4 p-6 text-center">
      <h1 className="text-lg font-semibold">{t('unreachable.title')}</h1>
      <p className="text-subtle">{t('unreachable.what')}</p>
      <Button
        onClick={() => {
          setUnreachable(false);
          ask();
        }}
      >
        {t('retry')}
      </Button>
    </main>
  );
}
