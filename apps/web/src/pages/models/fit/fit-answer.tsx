import { useTranslation } from 'react-i18next';
import type { components } from '../../../api/schema';
import { Button } from '../../../ui/button';
import { formatNumber } from '../../../ui/format';
import { formatRange } from '../format';
import { fitText } from '../words';
import { FitBars, FitFigures, FitLegend } from './fit-bars';
import { VerdictMark } from './verdict';

type Answer = components['schemas']['FitAnswerDto'];
type Suggestion = components['schemas']['FitSuggestionDto'];

/** What the fit check says of a profile: the verdict, why, what it gives, and where the memory goes. */
export function FitAnswer({ fit }: { fit: Answer }) {
  const { t, i18n } = useTranslation();
  return (
    <div className="grid gap-4">
      <div className="grid gap-1">
        <VerdictMark verdict={fit.verdict} />
        <p className="text-sm">{fitText(i18n.language, fit.reasonMessage, fit.reason)}</p>
      </div>
      {fit.gpus.length > 0 && (
        <>
          {fit.verdict !== 'no' && <Gains fit={fit} />}
          <FitBars gpus={fit.gpus} />
          <FitLegend />
          <details className="text-sm">
            <summary className="cursor-pointer text-subtle hover:text-text">{t('models.fit.figures')}</summary>
            <div className="pt-2">
              <FitFigures gpus={fit.gpus} />
            </div>
          </details>
        </>
      )}
      {fit.notes.length > 0 && (
        <ul className="grid gap-1 border-l-2 border-line pl-3 text-sm text-subtle">
          {fit.notes.map((note, at) => (
            <li key={note}>{fitText(i18n.language, fit.noteMessages[at], note)}</li>
          ))}
        </ul>
      )}
    </div>
  );
}

function Gains({ fit }: { fit: Answer }) {
  const { t } = useTranslation();
  const gains = [
    [t('models.fit.cacheTokens'), formatRange(fit.kvCacheTokens)],
    [t('models.fit.context'), formatNumber(fit.maxModelLen)],
    [t('models.fit.atOnce'), formatRange(fit.maxConcurrency, 1)],
  ] as const;
  return (
    <dl className="flex flex-wrap gap-x-8 gap-y-2">
      {gains.map(([name, value]) => (
        <div key={name}>
          <dt className="text-xs text-subtle">{name}</dt>
          <dd className="text-lg font-semibold tabular-nums">{value}</dd>
        </div>
      ))}
    </dl>
  );
}

/** The smallest changes with which it fits; each can be tried at once. */
export function Suggestions({
  suggestions,
  busy = false,
  onTry,
}: {
  suggestions: readonly Suggestion[];
  busy?: boolean;
  onTry: (suggestion: Suggestion) => void;
}) {
  const { t, i18n } = useTranslation();
  if (suggestions.length === 0) return null;
  return (
    <section className="grid gap-2">
      <h3 className="text-sm font-semibold">{t('models.fit.suggestions')}</h3>
      <ul className="grid gap-2">
        {suggestions.map((suggestion) => (
          <li
            key={suggestion.change}
            className="flex flex-wrap items-center justify-between gap-x-4 gap-y-2 rounded-lg border border-line px-3 py-2"
          >
            <div className="min-w-0 flex-1 basis-60">
              <code className="font-mono text-sm">{suggestion.change}</code>
              <p className="text-xs text-subtle">{fitText(i18n.language, suggestion.whyMessage, suggestion.why)}</p>
            </div>
            <Button
              busy={busy}
              aria-label={t('models.fit.tryOf', { change: suggestion.change })}
              onClick={() => onTry(suggestion)}
            >
              {t('models.fit.try')}
            </Button>
          </li>
        ))}
      </ul>
    </section>
  );
}
