import { Ban, Check, TriangleAlert, Undo2 } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import type { Switch } from './phase-steps';

const LOOKS = {
  ready: { icon: Check, className: 'text-good' },
  rolled_back: { icon: Undo2, className: 'text-warning' },
  cancelled: { icon: Ban, className: 'text-subtle' },
  failed: { icon: TriangleAlert, className: 'text-danger' },
} as const;

export function Outcome({ of: { outcome } }: { of: Switch }) {
  const { t } = useTranslation();
  if (outcome === null) return <span className="text-sm font-medium text-accent">{t('models.switch.running')}</span>;
  const { icon: Icon, className } = LOOKS[outcome];
  return (
    <span className={`inline-flex items-center gap-1.5 text-sm font-medium whitespace-nowrap ${className}`}>
      <Icon aria-hidden className="size-4" />
      {t(`models.outcome.${outcome}`)}
    </span>
  );
}
