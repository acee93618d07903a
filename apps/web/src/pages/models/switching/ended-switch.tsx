import { X } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { IconButton } from '../../../ui/button';
import { FailureReport } from './failure-report';
import { Outcome } from './outcome';
import { phaseSteps, type Switch } from './phase-steps';
import { Phases } from './phases';

/** How a switch ended; when not well, why, and what to do. */
export function EndedSwitch({ of: one, onClose }: { of: Switch; onClose: () => void }) {
  const { t } = useTranslation();
  const well = one.outcome === 'ready';
  return (
    <section
      role={well ? 'status' : 'alert'}
      aria-label={t('models.switch.result')}
      className={`grid gap-3 rounded-2xl border bg-raised p-4 sm:p-5 ${well ? 'border-good' : 'border-danger'}`}
    >
      <div className="flex items-start justify-between gap-3">
        <div className="grid gap-1">
          <Outcome of={one} />
          <p className="text-sm">
            {t(`models.result.${one.outcome ?? 'failed'}`, { from: one.from ?? t('models.none'), to: one.to })}
          </p>
        </div>
        <IconButton label={t('models.switch.close')} onClick={onClose}>
          <X aria-hidden className="size-4" />
        </IconButton>
      </div>
      {one.failure !== null && <FailureReport of={one.failure} />}
      <Phases steps={phaseSteps(one)} />
    </section>
  );
}
