import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Button } from './button';
import { CopyButton } from './copy-button';
import { Dialog } from './dialog';

interface HandOverProps {
  title: string;
  /** What it is, and that it is not shown again. */
  what: string;
  secret: string;
  copyLabel: string;
  onClose: () => void;
  children?: ReactNode;
}

/** A secret that is shown this once, to be copied. */
export function HandOver({ title, what, secret, copyLabel, onClose, children }: HandOverProps) {
  const { t } = useTranslation();
  return (
    <Dialog title={title} onClose={onClose}>
      <p className="text-sm">{what}</p>
      <div className="flex items-start gap-2 rounded-lg bg-sunken px-3 py-2">
        <code className="flex-1 self-center text-sm break-all whitespace-pre-line" data-testid="secret">
          {secret}
        </code>
        <CopyButton text={secret} label={copyLabel} />
      </div>
      {children}
      <div className="flex justify-end">
        <Button look="primary" onClick={onClose}>
          {t('done')}
        </Button>
      </div>
    </Dialog>
  );
}
