import { useInfiniteQuery, useMutation, useQuery } from '@tanstack/react-query';
import { ArrowLeftRight } from 'lucide-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, body } from '../../../api/client';
import { modelsStatus } from '../../../api/models-status';
import { Button } from '../../../ui/button';
import { Dialog } from '../../../ui/dialog';
import { formatDuration } from '../../../ui/format';
import { Notice } from '../../../ui/page';
import type { Profile } from '../queries';
import { fitText } from '../words';
import { useIsAdmin } from '../use-is-admin';
import { lastTimeMs } from './phase-steps';
import { switchesQuery } from './switch-queries';
import { watchSwitch } from './watched-switch';

/**
 * Makes a profile the one in force; for admins, while no other switch runs. Not where it cannot fit; a model that Tandem has no
 * facts about may be tried.
 */
export function SwitchButton({ to: profile }: { to: Profile }) {
  const { t } = useTranslation();
  const [asking, setAsking] = useState(false);
  const isAdmin = useIsAdmin();
  const isRunning = useQuery(modelsStatus).data?.switch != null;
  if (!isAdmin || profile.active || (profile.fit.verdict === 'no' && profile.fit.described)) return null;
  return (
    <>
      <Button
        look="primary"
        disabled={isRunning}
        aria-label={t('models.switch.doOf', { title: profile.title })}
        onClick={() => setAsking(true)}
      >
        <ArrowLeftRight aria-hidden className="size-4" /> {t('models.switch.do')}
      </Button>
      {asking && <ConfirmSwitch to={profile} onClose={() => setAsking(false)} />}
    </>
  );
}

function ConfirmSwitch({ to: { name, title, fit }, onClose }: { to: Profile; onClose: () => void }) {
  const { t, i18n } = useTranslation();
  const status = useQuery(modelsStatus).data;
  const history = useInfiniteQuery(switchesQuery).data?.pages.flatMap(({ items }) => items) ?? [];
  const lastMs = lastTimeMs(history, name);
  const begin = useMutation({
    mutationFn: () => body(api.POST('/api/models/switch', { body: { profile: name } })),
    onSuccess: ({ switchId }) => {
      watchSwitch(switchId);
      onClose();
    },
  });
  return (
    <Dialog title={t('models.switch.ask', { title })} onClose={onClose}>
      <p className="text-sm">{t('models.switch.what')}</p>
      <ul className="grid gap-1 text-sm text-subtle">
        {status !== undefined && <li>{t('models.switch.now', { count: status.queue.running })}</li>}
        <li>
          {lastMs === null
            ? t('models.switch.firstTime')
            : t('models.switch.lastTime', { time: formatDuration(lastMs) })}
        </li>
        {fit.verdict !== 'fits' && (
          <li className="text-warning">{fitText(i18n.language, fit.reasonMessage, fit.reason)}</li>
        )}
      </ul>
      {begin.isError && <Notice tone="danger">{begin.error.message}</Notice>}
      <div className="flex justify-end gap-2">
        <Button onClick={onClose} autoFocus>
          {t('cancel')}
        </Button>
        <Button look="primary" busy={begin.isPending} onClick={() => begin.mutate()}>
          {t('models.switch.do')}
        </Button>
      </div>
    </Dialog>
  );
}
