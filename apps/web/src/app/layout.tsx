import { Boxes, KeyRound, LogOut, MessageSquare, Settings, Users, type LucideIcon } from 'lucide-react';
import { Suspense } from 'react';
import { useTranslation } from 'react-i18next';
import { NavLink, Outlet } from 'react-router';
import { signOut, useSession } from '../api/session';
import { IconButton } from '../ui/button';

const PAGES: readonly { to: string; name: string; icon: LucideIcon; adminOnly?: true }[] = [
  { to: '/', name: 'chat.title', icon: MessageSquare },
  { to: '/models', name: 'models.title', icon: Boxes },
  { to: '/keys', name: 'keys.title', icon: KeyRound },
  { to: '/users', name: 'users.title', icon: Users, adminOnly: true },
  { to: '/settings', name: 'settings.title', icon: Settings },
];

/** A narrow bar of pages beside the page; below it on a phone. */
export function Layout() {
  const { t } = useTranslation();
  const isAdmin = useSession(({ session }) => session.kind === 'signedIn' && session.user.role === 'admin');
  return (
    <div className="flex h-full flex-col-reverse sm:flex-row">
      <nav
        aria-label={t('pages')}
        className="flex shrink-0 justify-around border-t border-line bg-sunken p-1.5 pb-[max(0.375rem,env(safe-area-inset-bottom))] sm:w-16 sm:flex-col sm:justify-start sm:gap-1 sm:border-t-0 sm:border-r sm:px-2 sm:py-3"
      >
        {PAGES.filter(({ adminOnly }) => adminOnly !== true || isAdmin).map(({ to, name, icon: Icon }) => (
          <NavLink
            key={to}
            to={to}
            end={to !== '/' && to !== '/models'}
            title={t(name)}
            className={({ isActive }) =>
              `grid justify-items-center gap-0.5 rounded-lg px-1 py-1.5 text-[0.65rem] [overflow-wrap:normal] ${isActive ? 'bg-raised font-medium text-accent' : 'text-subtle hover:text-text'}`
            }
          >
            <Icon aria-hidden className="size-5" />
            {t(name)}
          </NavLink>
        ))}
        <IconButton label={t('signOut')} onClick={() => void signOut()} className="sm:mt-auto sm:self-center">
          <LogOut aria-hidden className="size-5" />
        </IconButton>
      </nav>
      <div className="min-h-0 min-w-0 flex-1">
        <Suspense>
          <Outlet />
        </Suspense>
      </div>
    </div>
  );
}
