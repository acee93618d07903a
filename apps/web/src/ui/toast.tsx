import { X } from 'lucide-react';
import { useEffect } from 'react';
import { useTranslation } from 'react-i18next';
import { create } from 'zustand';
import { IconButton } from './button';
import { explain } from './explain';

interface Toast {
  id: number;
  tone: 'good' | 'bad';
  text: string;
}

const SHOWN_MS = { good: 3_000, bad: 8_000 } as const;

const useToasts = create<{ toasts: Toast[] }>(() => ({ toasts: [] }));
let last = 0;

/**
 * Says something that is over soon. (The libraries for this write their styles into the page, which the content policy
 * forbids.)
 */
export function toast(tone: Toast['tone'], text: string): void {
  useToasts.setState(({ toasts }) => ({ toasts: [...toasts, { id: ++last, tone, text }] }));
}

/** Says why something did not work. */
export function showFailure(error: unknown): void {
  toast('bad', explain(error));
}

const dismiss = (id: number): void =>
  useToasts.setState(({ toasts }) => ({ toasts: toasts.filter((toast) => toast.id !== id) }));

export function Toasts() {
  const toasts = useToasts((state) => state.toasts);
  return (
    <div role="status" className="pointer-events-none fixed inset-x-0 top-4 z-50 grid justify-items-center gap-2 px-4">
      {toasts.map((one) => (
        <ToastLine key={one.id} toast={one} />
      ))}
    </div>
  );
}

function ToastLine({ toast: { id, tone, text } }: { toast: Toast }) {
  const { t } = useTranslation();
  useEffect(() => {
    const timer = setTimeout(() => dismiss(id), SHOWN_MS[tone]);
    return () => clearTimeout(timer);
  }, [id, tone]);
  return (
    <div
      className={`pointer-events-auto flex max-w-xl items-center gap-2 rounded-lg border bg-raised py-1 pr-1 pl-4 text-sm shadow-lg ${tone === 'bad' ? 'border-danger text-danger' : 'border-line'}`}
    >
      <p className="py-1.5">{text}</p>
      <IconButton label={t('close')} onClick={() => dismiss(id)} className="size-7">
        <X aria-hidden className="size-4" />
      </IconButton>
    </div>
  );
}
