import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { FitBars } from '../fit/fit-bars';
import { VerdictMark } from '../fit/verdict';
import type { Profile } from '../queries';
import { SwitchButton } from '../switching/switch-button';
import { fitText } from '../words';
import { InForce } from './in-force';
import { profilePath } from './profile-path';

export function ProfileCard({ of: profile }: { of: Profile }) {
  const { t, i18n } = useTranslation();
  const { name, title, description, active, fit } = profile;
  return (
    <li
      className={`grid gap-4 rounded-2xl border bg-raised p-4 sm:grid-cols-[minmax(0,1fr)_minmax(0,20rem)] sm:p-5 ${active ? 'border-accent' : 'border-line'}`}
    >
      <div className="grid content-start gap-2">
        <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
          <h2 className="font-semibold">
            <Link to={profilePath(name)} className="hover:underline">
              {title}
            </Link>
          </h2>
          {active && <InForce />}
          <VerdictMark verdict={fit.verdict} />
        </div>
        <p className="text-sm text-subtle">{description}</p>
        {fit.verdict !== 'fits' && <p className="text-sm">{fitText(i18n.language, fit.reasonMessage, fit.reason)}</p>}
      </div>
      <div className="grid content-between gap-3">
        <FitBars gpus={fit.gpus} />
        <div className="flex flex-wrap justify-end gap-2">
          <Link
            to={profilePath(name)}
            aria-label={t('models.detailsOf', { title })}
            className="inline-flex min-h-9 items-center rounded-lg px-3.5 text-sm font-medium text-subtle hover:bg-sunken hover:text-text"
          >
            {t('models.details')}
          </Link>
          <SwitchButton to={profile} />
        </div>
      </div>
    </li>
  );
}
