import { useQuery } from '@tanstack/react-query';
import { ChevronLeft } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { Link, useParams } from 'react-router';
import { Notice } from '../../../ui/page';
import { WhatIf } from '../fit/what-if';
import { profileQuery, type Profile } from '../queries';
import { SwitchButton } from '../switching/switch-button';
import { InForce } from './in-force';

/** One profile: for whom it is, whether it fits, and what would happen if it were different. */
export function ProfilePage() {
  const { t } = useTranslation();
  const { name = '' } = useParams();
  const profile = useQuery(profileQuery(name));
  return (
    <>
      <Link to="/models" className="flex items-center gap-1 justify-self-start text-sm text-subtle hover:text-text">
        <ChevronLeft aria-hidden className="size-4" /> {t('models.tab.profiles')}
      </Link>
      {profile.isError && <Notice tone="danger">{profile.error.message}</Notice>}
      {profile.data !== undefined && <Details key={name} of={profile.data} />}
    </>
  );
}

function Details({ of: profile }: { of: Profile }) {
  const { t } = useTranslation();
  return (
    <>
      <header className="grid gap-2">
        <div className="flex flex-wrap items-center gap-3">
          <h2 className="text-lg font-semibold">{profile.title}</h2>
          {profile.active && <InForce />}
          <div className="ml-auto">
            <SwitchButton to={profile} />
          </div>
        </div>
        <p className="max-w-prose text-sm text-subtle">{profile.description}</p>
        <Names of={profile} />
      </header>
      <WhatIf profile={profile} />
      {profile.fallbacks.length > 0 && (
        <p className="text-sm text-subtle">{t('models.fallbacks', { names: profile.fallbacks.join(', ') })}</p>
      )}
    </>
  );
}

function Names({ of: { name, aliases } }: { of: Profile }) {
  const { t } = useTranslation();
  const others = aliases.filter((alias) => alias !== name);
  return (
    <p className="text-sm text-subtle">
      <code className="font-mono text-text">{name}</code>
      {others.length > 0 && ` · ${t('models.aliases', { names: others.join(', ') })}`}
    </p>
  );
}
