import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState, type FormEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { api, body } from '../../api/client';
import type { components } from '../../api/schema';
import { Button } from '../../ui/button';
import { CopyButton } from '../../ui/copy-button';
import { Dialog } from '../../ui/dialog';
import { TextField } from '../../ui/field';
import { samples } from './samples';

type NewKey = components['schemas']['CreateKeyDto'];

const LIMITS = ['requestsPerMinute', 'tokensPerMinute', 'concurrentRequests', 'monthlyTokens'] as const;

/** Makes a key, then shows it: once. */
export function NewKeyDialog({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const make = useMutation({
    mutationFn: (key: NewKey) => body(api.POST('/api/keys', { body: key })),
    onSuccess: () => queries.invalidateQueries({ queryKey: ['keys'] }),
  });
  if (make.data !== undefined) return <MadeKey secret={make.data.key} onClose={onClose} />;

  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    make.mutate(readForm(new FormData(event.currentTarget)));
  };
  return (
    <Dialog title={t('keys.new')} onClose={onClose}>
      <form onSubmit={submit} className="grid gap-4">
        <TextField
          label={t('keys.name')}
          name="name"
          required
          maxLength={100}
          placeholder={t('keys.nameExample')}
          error={make.error?.message ?? null}
        />
        <TextField label={t('keys.expiresAt')} name="expiresAt" type="date" hint={t('keys.expiresAtHint')} />
        <TextField label={t('keys.allowedModels')} name="allowedModels" hint={t('keys.allowedModelsHint')} />
        <fieldset className="grid gap-3 sm:grid-cols-2">
          <legend className="mb-2 text-sm text-subtle">{t('keys.limitsHint')}</legend>
          {LIMITS.map((limit) => (
            <TextField key={limit} label={t(`keys.${limit}`)} name={limit} type="number" min={1} step={1} />
          ))}
        </fieldset>
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>{t('cancel')}</Button>
          <Button type="submit" look="primary" busy={make.isPending}>
            {t('keys.make')}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

function MadeKey({ secret, onClose }: { secret: string; onClose: () => void }) {
  const { t } = useTranslation();
  const all = samples(window.location.origin, secret);
  const [shown, show] = useState(all[0]);
  return (
    <Dialog title={t('keys.made')} onClose={onClose}>
      <p className="text-sm">{t('keys.shownOnce')}</p>
      <p className="flex items-center gap-2 rounded-lg bg-sunken px-3 py-2">
        <code className="flex-1 text-sm break-all" data-testid="new-key">
          {secret}
        </code>
        <CopyButton text={secret} label={t('keys.copy')} />
      </p>
      <div>
        <div role="tablist" aria-label={t('keys.samples')} className="flex gap-1">
          {all.map((sample) => (
            <button
              key={sample.name}
              type="button"
              role="tab"
              aria-selected={sample === shown}
              onClick={() => show(sample)}
              className="rounded-t-lg px-3 py-1.5 text-sm aria-selected:bg-sunken aria-selected:font-medium"
            >
              {sample.name}
            </button>
          ))}
        </div>
        <div role="tabpanel" className="relative rounded-b-lg bg-sunken">
          <pre tabIndex={0} className="overflow-x-auto p-3 pr-12 font-mono text-xs">
            {shown?.code}
          </pre>
          <div className="absolute top-1 right-1">
            <CopyButton text={shown?.code ?? ''} label={t('keys.copySample')} />
          </div>
        </div>
      </div>
      <div className="flex justify-end">
        <Button look="primary" onClick={onClose}>
          {t('done')}
        </Button>
      </div>
    </Dialog>
  );
}

/** Empty fields are left out: no limit of the key's own. */
function readForm(form: FormData): NewKey {
  const text = (name: string): string => String(form.get(name) ?? '').trim();
  const key: NewKey = { name: text('name') };
  // A day ends where its owner lives.
  if (text('expiresAt') !== '') key.expiresAt = new Date(`${text('expiresAt')}T23:59:59`).toISOString();
  const models = text('allowedModels')
    .split(',')
    .map((model) => model.trim())
    .filter(Boolean);
  if (models.length > 0) key.allowedModels = models;
  for (const limit of LIMITS) if (text(limit) !== '') key[limit] = Number(text(limit));
  return key;
}
