import { useTranslation } from 'react-i18next';

/** The profile that serves now. */
export function InForce() {
  const { t } = useTranslation();
  return (
    <span className="rounded-full bg-accent px-2 py-0.5 text-xs font-medium whitespace-nowrap text-on-accent">
      {t('models.inForce')}
    </span>
  );
}
