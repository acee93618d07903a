import { useTranslation } from 'react-i18next';
import { Link, Outlet, useLocation } from 'react-router';
import { Page } from '../../ui/page';
import { Alerts } from './alerts';
import { useKeepGpuHistory } from './hardware/gpu-history';
import { SwitchBanner } from './switching/switch-banner';
import { useIsAdmin } from './use-is-admin';
import './models.css';

const TABS: readonly { to: string; name: string; below?: string; adminOnly?: true }[] = [
  { to: '/models', below: '/models/profiles/', name: 'models.tab.profiles' },
  { to: '/models/switches', name: 'models.tab.switches', adminOnly: true },
  { to: '/models/benchmarks', name: 'models.tab.benchmarks', adminOnly: true },
  { to: '/models/log', name: 'models.tab.log', adminOnly: true },
  { to: '/models/hardware', name: 'models.tab.hardware' },
];

/** The pages about models, one beside the other; a switch that runs is shown on all of them. */
export function ModelsLayout() {
  const { t } = useTranslation();
  const isAdmin = useIsAdmin();
  const { pathname } = useLocation();
  useKeepGpuHistory();
  return (
    <Page title={t('models.title')}>
      <nav aria-label={t('models.title')} className="-mx-4 overflow-x-auto border-b border-line px-4 sm:mx-0 sm:px-0">
        <ul className="flex gap-1">
          {TABS.filter(({ adminOnly }) => adminOnly !== true || isAdmin).map(({ to, name, below }) => {
            const isHere = pathname === to || (below !== undefined && pathname.startsWith(below));
            return (
              <li key={to}>
                <Link
                  to={to}
                  aria-current={isHere ? 'page' : undefined}
                  className={`block border-b-2 px-3 py-2 text-sm whitespace-nowrap ${isHere ? 'border-accent font-medium text-accent' : 'border-transparent text-subtle hover:text-text'}`}
                >
                  {t(name)}
                </Link>
              </li>
            );
          })}
        </ul>
      </nav>
      <Alerts />
      <SwitchBanner />
      <Outlet />
    </Page>
  );
}
