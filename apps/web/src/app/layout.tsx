import { BarChart3, Boxes, KeyRound, LogOut, MessageSquare, Settings, Users, type LucideIcon } from 'lucide-react';
import { Suspense, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { NavLink, Outlet, useLocation, useNavigate } from 'react-router';
import { signOut, useSession } from '../api/session';
import { IconButton } from '../ui/button';
import { useAccountLanguage } from './account-language';
import { Connection } from './connection';
import { ShortcutHelp } from './shortcut-help';
import { useShortcuts } from './shortcuts';

const PAGES: readonly { to: string; name: string; icon: LucideIcon; adminOnly?: true }[] = [
  { to: '/', name: 'chat.title', icon: MessageSquare },
  { to: '/models', name: 'models.title', icon: Boxes },
  { to: '/usage', name: 'usage.title', icon: BarChart3 },
  { to: '/keys', name: 'keys.title', icon: KeyRound },
  { to: '/users', name: 'users.title', icon: Users, adminOnly: true },
  { to: '/settings', name: 'settings.title', icon: Settings },
];

/** A narrow bar of pages beside the page; below it on a phone. */
export function Layout() {
  const { t } = useTranslation();
  const isAdmin = useSession(({ session }) => session.kind === 'signedIn' && session.user.role === 'admin');
  useAccountLanguage();
  const [helpShown, showHelp] = useState(false);
  const navigate = useNavigate();
  const { pathname } = useLocation();
  const inChat = pathname === '/' || pathname.startsWith('/c/');
  useShortcuts({
    new: () => void navigate('/'),
    help: () => showHelp(true),
    // In the chat its own page answers.
    ...(inChat ? {} : { search: () => void navigate('/', { state: { search: true } }) }),
  });
  return (
    <div className="flex h-full flex-col-reverse sm:flex-row">
      <nav
        aria-label={t('pages')}
        className="flex shrink-0 justify-around border-t border-line bg-sunken p-1.5 pb-[max(0.375rem,env(safe-area-inset-bottom))] sm:w-18 sm:flex-col sm:justify-start sm:gap-1 sm:border-t-0 sm:border-r sm:px-1.5 sm:py-3"
      >
        {PAGES.filter(({ adminOnly }) => adminOnly !== true || isAdmin).map(({ to, name, icon: Icon }) => (
          <NavLink
            key={to}
            to={to}
            end={to !== '/' && to !== '/models'}
            title={t(name)}
            className={({ isActive }) =>
              `grid justify-items-center gap-0.5 rounded-lg px-1 py-1.5 text-[0.65rem] [overflow-wrap:normal] ${isActive || (to === '/' && inChat) ? 'bg-raised font-medium text-accent' : 'text-subtle hover:text-text'}`
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
      <div className="flex min-h-0 min-w-0 flex-1 flex-col">
        <Connection />
        <div className="min-h-0 flex-1">
          <Suspense>
            <Outlet />
          </Suspense>
        </div>
      </div>
      {helpShown && <ShortcutHelp onClose={() => showHelp(false)} />}
    </div>
  );
}
