import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import type { components } from '../../../api/schema';
import { Notice } from '../../../ui/page';
import { FitLegend } from '../fit/fit-bars';
import { profilesQuery } from '../queries';
import { EngineStrip } from '../switching/engine-strip';
import { ProfileCard } from './profile-card';

type RefusedProfile = components['schemas']['RefusedProfileDto'];

/** All profiles, the one in force first, each with its fit on this host. */
export function ProfilesPage() {
  const { t } = useTranslation();
  const profiles = useQuery(profilesQuery);
  const items = profiles.data?.items.toSorted((a, b) => Number(b.active) - Number(a.active)) ?? [];
  return (
    <>
      {profiles.isError && <Notice tone="danger">{profiles.error.message}</Notice>}
      {profiles.data?.refused.map((refused) => (
        <Refused key={refused.file} of={refused} />
      ))}
      {profiles.isSuccess && items.length === 0 && <Notice>{t('models.noProfiles')}</Notice>}
      <EngineStrip />
      {items.length > 0 && <FitLegend />}
      <ul className="grid gap-3">
        {items.map((profile) => (
          <ProfileCard key={profile.name} of={profile} />
        ))}
      </ul>
    </>
  );
}

function Refused({ of: { file, line, reason, keptOld } }: { of: RefusedProfile }) {
  const { t } = useTranslation();
  return (
    <p role="alert" className="rounded-xl border border-danger px-4 py-3 text-sm">
      <strong className="text-danger">{t('models.refused', { file: line === null ? file : `${file}:${line}` })}</strong>{' '}
      {reason} {keptOld && t('models.keptOld')}
    </p>
  );
}
