import { useMutation } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { api } from '../../../api/client';
import type { components } from '../../../api/schema';
import { Button } from '../../../ui/button';
import { formatNumber } from '../../../ui/format';
import { showFailure } from '../../../ui/toast';
import { useIsAdmin } from '../use-is-admin';
import { phaseSteps, type Switch } from './phase-steps';
import { Phases } from './phases';
import { ProgressBar } from './progress-bar';

type Queue = components['schemas']['QueueDto'];

/** From what to what, how far it is, how long it will take, who waits; and a way back. */
export function RunningSwitch({ of: one, queue }: { of: Switch; queue: Queue }) {
  const { t } = useTranslation();
  const isAdmin = useIsAdmin();
  const cancel = useMutation({
    mutationFn: () => api.DELETE('/api/models/switches/{id}', { params: { path: { id: one.id } } }),
    onError: showFailure,
  });
  const goesBack = one.state === 'rolling_back';
  const phase = t(`models.phase.${one.state}`);
  return (
    <section
      aria-label={t('models.switch.running')}
      className="grid gap-3 rounded-2xl border border-accent bg-raised p-4 sm:p-5"
    >
      <div className="flex flex-wrap items-start justify-between gap-3">
        <div className="min-w-0">
          <h2 className="font-semibold">
            {goesBack
              ? t('models.switch.goingBack', { to: one.from ?? t('models.none') })
              : t('models.switch.title', { to: one.to })}
          </h2>
          <p className="text-sm text-subtle">
            {phase}
            {one.progress !== null && `: ${one.progress.phase}`}
          </p>
        </div>
        {isAdmin && !goesBack && (
          <Button look="danger" busy={cancel.isPending || cancel.isSuccess} onClick={() => cancel.mutate()}>
            {t('models.switch.cancel')}
          </Button>
        )}
      </div>
      {/* One word a step, not every percent. */}
      <p role="status" className="sr-only">
        {phase}
      </p>
      <ProgressBar label={phase} percent={one.progress?.percent ?? null} />
      <div className="flex flex-wrap justify-between gap-x-4 gap-y-1 text-sm text-subtle tabular-nums">
        <span>
          {one.progress !== null && `${formatNumber(one.progress.percent)} %`}
          {one.progress?.readyInS != null &&
            ` · ${t('models.switch.readyIn', { seconds: formatNumber(one.progress.readyInS) })}`}
        </span>
        <span>{t('models.switch.waiting', { count: queue.waiting })}</span>
      </div>
      <Phases steps={phaseSteps(one)} />
    </section>
  );
}
