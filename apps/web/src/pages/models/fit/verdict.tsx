import { Check, TriangleAlert, X } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import type { components } from '../../../api/schema';

type Verdict = components['schemas']['FitVerdict'];

const LOOKS = {
  fits: { icon: Check, className: 'text-good' },
  tight: { icon: TriangleAlert, className: 'text-warning' },
  no: { icon: X, className: 'text-danger' },
} as const;

export function VerdictMark({ verdict }: { verdict: Verdict }) {
  const { t } = useTranslation();
  const { icon: Icon, className } = LOOKS[verdict];
  return (
    <span className={`inline-flex items-center gap-1 text-sm font-medium whitespace-nowrap ${className}`}>
      <Icon aria-hidden className="size-4" />
      {t(`models.verdict.${verdict}`)}
    </span>
  );
}
