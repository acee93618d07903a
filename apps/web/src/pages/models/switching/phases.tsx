import { Check, Circle, LoaderCircle, X } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { formatDuration } from '../../../ui/format';
import type { PhaseStep } from './phase-steps';

const LOOKS = {
  done: { icon: Check, className: 'text-good' },
  now: { icon: LoaderCircle, className: 'animate-spin text-accent' },
  next: { icon: Circle, className: 'text-subtle opacity-50' },
  broken: { icon: X, className: 'text-danger' },
} as const;

/** The steps of a switch, in order, with how long each took. */
export function Phases({ steps }: { steps: readonly PhaseStep[] }) {
  const { t } = useTranslation();
  return (
    <ol className="relative flex flex-wrap gap-x-5 gap-y-1.5 text-sm">
      {steps.map(({ name, mark, ms }, index) => {
        const { icon: Icon, className } = LOOKS[mark];
        return (
          <li
            key={`${name}.${index}`}
            aria-current={mark === 'now' ? 'step' : undefined}
            className={`flex items-center gap-1.5 ${mark === 'next' ? 'text-subtle' : ''}`}
          >
            <Icon aria-hidden className={`size-4 shrink-0 ${className}`} />
            {t(`models.phase.${name}`)}
            <span className="sr-only">{t(`models.mark.${mark}`)}</span>
            {ms !== null && <span className="text-xs text-subtle tabular-nums">{formatDuration(ms)}</span>}
          </li>
        );
      })}
    </ol>
  );
}
