import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, body } from '../../../api/client';
import { Button } from '../../../ui/button';
import { CopyButton } from '../../../ui/copy-button';
import { Select } from '../../../ui/field';
import { Notice } from '../../../ui/page';
import type { Profile } from '../queries';
import { FitAnswer, Suggestions } from './fit-answer';
import { hardwareOf, THIS_HOST, type Host } from './host';
import { HostFields } from './host-fields';
import { SettingFields } from './setting-fields';
import {
  changedLines,
  fieldsOf,
  withFields,
  withSuggestion,
  type EngineSettings,
  type Fields,
} from './what-if-settings';

interface Question {
  engines: readonly EngineSettings[];
  host: Host;
}

/** What the form holds: the engines as they are, and over them what was typed. */
interface Draft extends Question {
  typed: readonly Fields[];
}

const draftOf = (question: Question): Draft => ({ ...question, typed: question.engines.map(fieldsOf) });

/**
 * The fit of a profile as it is, and as it would be with other settings or on another host. Nothing is changed by it:
 * what differs is shown as lines for the profile's file.
 */
export function WhatIf({ profile }: { profile: Profile }) {
  const { t } = useTranslation();
  const unchanged = { engines: profile.engines, host: THIS_HOST };
  const [draft, setDraft] = useState(() => draftOf(unchanged));
  const [at, setAt] = useState(0);
  const check = useMutation({
    mutationFn: (question: Question) =>
      body(
        api.POST('/api/profiles/check', {
          body: { profile: { name: profile.name, engines: question.engines }, ...hardwareOf(question.host) },
        }),
      ),
  });
  const fit = check.data ?? profile.fit;
  const { host } = draft;
  const engines = draft.engines.map((engine, index) => withFields(engine, draft.typed[index] ?? fieldsOf(engine)));
  const ask = (question: Question): void => {
    setDraft(draftOf(question));
    check.mutate(question);
  };
  const change = (fields: Fields): void =>
    setDraft({ ...draft, typed: draft.typed.map((before, index) => (index === at ? fields : before)) });
  const start = (): void => {
    setDraft(draftOf(unchanged));
    check.reset();
  };
  return (
    <div className="grid items-start gap-4 lg:grid-cols-[minmax(0,3fr)_minmax(0,2fr)]">
      <section aria-live="polite" className="grid gap-4 rounded-2xl border border-line bg-raised p-4 sm:p-5">
        <h3 className="font-semibold">{t(check.data === undefined ? 'models.fit.here' : 'models.fit.whatIf')}</h3>
        {check.isError && <Notice tone="danger">{check.error.message}</Notice>}
        <FitAnswer fit={fit} />
        <Suggestions
          suggestions={fit.suggestions}
          busy={check.isPending}
          onTry={(suggestion) => ask({ host, engines: withSuggestion(engines, suggestion) })}
        />
      </section>
      <form
        className="grid gap-4 rounded-2xl border border-line bg-raised p-4 sm:p-5"
        onSubmit={(event) => {
          event.preventDefault();
          ask({ engines, host });
        }}
      >
        <h3 className="font-semibold">{t('models.fit.form')}</h3>
        {engines.length > 1 && (
          <Select
            label={t('models.fit.engine')}
            value={String(at)}
            onChoose={(index) => setAt(Number(index))}
            options={engines.map((_, index) => [String(index), t('models.fit.engineAt', { index })] as const)}
          />
        )}
        <SettingFields fields={draft.typed[at] ?? fieldsOf({})} onChange={change} />
        <HostFields host={host} onChange={(next) => setDraft({ ...draft, host: next })} />
        <div className="flex gap-2">
          <Button type="submit" look="primary" busy={check.isPending}>
            {t('models.fit.check')}
          </Button>
          <Button look="quiet" onClick={start}>
            {t('models.fit.reset')}
          </Button>
        </div>
        <Changes before={profile.engines} after={engines} />
      </form>
    </div>
  );
}

function Changes({ before, after }: { before: readonly EngineSettings[]; after: readonly EngineSettings[] }) {
  const { t } = useTranslation();
  const lines = after.flatMap((engine, index) => {
    const changed = changedLines(before[index] ?? {}, engine);
    return changed.length > 0 && after.length > 1 ? [`# engines[${index}]`, ...changed] : changed;
  });
  if (lines.length === 0) return null;
  const text = lines.join('\n');
  return (
    <div className="grid gap-1">
      <div className="flex items-center justify-between gap-2">
        <h4 className="text-xs text-subtle">{t('models.fit.changes')}</h4>
        <CopyButton text={text} label={t('models.fit.copyChanges')} />
      </div>
      <pre
        role="region"
        aria-label={t('models.fit.changes')}
        tabIndex={0}
        className="overflow-x-auto rounded-lg bg-sunken p-3 font-mono text-xs"
      >
        {text}
      </pre>
    </div>
  );
}
