import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { KeyRound, Server, Users, type LucideIcon } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { useSession } from '../../api/session';
import { conversationList } from './conversations';
import { servedModels } from './served-models';

const IDEAS = ['explain', 'code', 'write', 'compare'] as const;

const STEPS: readonly { to: string; name: 'model' | 'users' | 'key'; icon: LucideIcon; adminOnly: boolean }[] = [
  { to: '/models', name: 'model', icon: Server, adminOnly: true },
  { to: '/users', name: 'users', icon: Users, adminOnly: true },
  { to: '/keys', name: 'key', icon: KeyRound, adminOnly: false },
];

/** What an empty conversation shows: ideas to ask, and to who has never asked anything also what else there is to do. */
export function FirstSteps({ onAsk }: { onAsk: (text: string) => void }) {
  const { t } = useTranslation();
  const isAdmin = useSession(({ session }) => session.kind === 'signedIn' && session.user.role === 'admin');
  const history = useInfiniteQuery(conversationList(''));
  const models = useQuery(servedModels);
  const isNew = history.data?.pages[0]?.items.length === 0;
  const nothingServed = models.data?.length === 0;
  return (
    <div className="flex flex-1 flex-col overflow-y-auto p-6">
      <div className="m-auto grid w-full max-w-2xl gap-6">
        <h1 className="text-center text-2xl font-semibold">{t('chat.hello')}</h1>
        {nothingServed && (
          <p role="alert" className="rounded-xl border border-warning px-4 py-3 text-sm text-warning">
            {t(isAdmin ? 'first.noModelAdmin' : 'first.noModel')}{' '}
            {isAdmin && (
              <Link to="/models" className="font-medium underline underline-offset-2">
                {t('first.model')}
              </Link>
            )}
          </p>
        )}
        <ul className="grid gap-2 sm:grid-cols-2">
          {IDEAS.map((idea) => (
            <li key={idea}>
              <button
                type="button"
                onClick={() => onAsk(t(`first.ideas.${idea}`))}
                className="h-full w-full rounded-xl border border-line bg-raised px-4 py-3 text-left text-sm text-subtle transition hover:border-accent hover:text-text"
              >
                {t(`first.ideas.${idea}`)}
              </button>
            </li>
          ))}
        </ul>
        {isNew && (
          <section aria-labelledby="first-steps" className="grid gap-2">
            <h2 id="first-steps" className="text-sm font-medium">
              {t('first.next')}
            </h2>
            <ul className="grid gap-1">
              {STEPS.filter(({ adminOnly }) => isAdmin || !adminOnly).map(({ to, name, icon: Icon }) => (
                <li key={to}>
                  <Link to={to} className="flex items-center gap-3 rounded-lg px-3 py-2 text-sm hover:bg-sunken">
                    <Icon aria-hidden className="size-4 shrink-0 text-accent" />
                    <span>
                      <span className="font-medium">{t(`first.${name}`)}</span>{' '}
                      <span className="text-subtle">{t(`first.${name}What`)}</span>
                    </span>
                  </Link>
                </li>
              ))}
            </ul>
          </section>
        )}
      </div>
    </div>
  );
}
