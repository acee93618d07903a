import { useId, useState, type KeyboardEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { CopyButton } from '../../ui/copy-button';
import { samples } from './samples';

/** First calls with a key, ready to be copied: WAI-ARIA's tabs. */
export function Samples({ apiKey }: { apiKey: string }) {
  const { t } = useTranslation();
  const id = useId();
  const all = samples(window.location.origin, apiKey);
  const [at, setAt] = useState(0);
  const shown = all[at];
  const onKeyDown = (event: KeyboardEvent): void => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const next = (at + step + all.length) % all.length;
    setAt(next);
    document.getElementById(`${id}-tab-${next}`)?.focus();
  };
  return (
    <div>
      <div role="tablist" aria-label={t('keys.samples')} className="flex gap-1">
        {all.map((sample, index) => (
          <button
            key={sample.name}
            id={`${id}-tab-${index}`}
            type="button"
            role="tab"
            aria-selected={index === at}
            aria-controls={`${id}-panel`}
            tabIndex={index === at ? 0 : -1}
            onClick={() => setAt(index)}
            onKeyDown={onKeyDown}
            className="rounded-t-lg px-3 py-1.5 text-sm aria-selected:bg-sunken aria-selected:font-medium"
          >
            {sample.name}
          </button>
        ))}
      </div>
      <div
        role="tabpanel"
        id={`${id}-panel`}
        aria-labelledby={`${id}-tab-${at}`}
        tabIndex={0}
        className="relative rounded-lg rounded-tl-none bg-sunken"
      >
        <pre className="overflow-x-auto p-3 pr-12 font-mono text-xs">{shown?.code}</pre>
        <div className="absolute top-1 right-1">
          <CopyButton text={shown?.code ?? ''} label={t('keys.copySample')} />
        </div>
      </div>
    </div>
  );
}
