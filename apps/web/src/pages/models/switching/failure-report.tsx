import { useTranslation } from 'react-i18next';
import type { components } from '../../../api/schema';
import { adviceText } from '../words';

type Failure = components['schemas']['SwitchFailureDto'];

/** Why an engine did not become ready: its name, what happened, what to do, and the lines that show it. */
export function FailureReport({ of: { code, message, advice, logLines } }: { of: Failure }) {
  const { t, i18n } = useTranslation();
  const name = i18n.exists(`models.failure.${code}`) ? t(`models.failure.${code}`) : code;
  return (
    <div className="grid gap-2 text-sm">
      <p>
        <strong className="text-danger">{name}</strong> <code className="font-mono text-xs text-subtle">{code}</code>
      </p>
      <p>{message}</p>
      <p>
        <strong>{t('models.advice')}</strong> {adviceText(i18n.language, code, advice)}
      </p>
      {logLines.length > 0 && (
        <pre
          tabIndex={0}
          role="region"
          aria-label={t('models.logLines')}
          className="max-h-60 overflow-auto rounded-lg bg-sunken p-3 font-mono text-xs"
        >
          {logLines.join('\n')}
        </pre>
      )}
    </div>
  );
}
