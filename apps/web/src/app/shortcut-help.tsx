import { useTranslation } from 'react-i18next';
import { Dialog } from '../ui/dialog';
import { SHORTCUTS } from './shortcuts';

const MOD = navigator.platform.startsWith('Mac') ? '⌘' : 'Ctrl';

export function ShortcutHelp({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation();
  return (
    <Dialog title={t('chat.shortcuts.title')} onClose={onClose}>
      <dl className="grid grid-cols-[auto_1fr] gap-x-6 gap-y-2 text-sm">
        {SHORTCUTS.map(([keys, name]) => (
          <div key={name} className="contents">
            <dt>
              <kbd className="rounded border border-line bg-sunken px-1.5 py-0.5 font-mono text-xs">
                {keys.replace('mod', MOD)}
              </kbd>
            </dt>
            <dd>{t(`chat.shortcuts.${name}`)}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}
