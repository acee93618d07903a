import { useTranslation } from 'react-i18next';
import type { components } from '../../api/schema';
import { TextField } from '../../ui/field';
import { formText } from '../../ui/form-text';

export type Key = components['schemas']['KeyDto'];

/** What can be set of a key. Null: no limit of its own. */
export type KeyFields = Pick<
  Key,
  'name' | 'expiresAt' | 'allowedModels' | (typeof LIMITS)[number] | (typeof CODE_CHUNKS)[number]
>;

export const LIMITS = ['requestsPerMinute', 'tokensPerMinute', 'concurrentRequests', 'monthlyTokens'] as const;
/** How the code assistant cuts its answers for the editor that has the key. */
export const CODE_CHUNKS = ['codeChunkChars', 'codeChunkDelayMs'] as const;

/** The form's fields, filled with those of a key; null: empty. */
export function KeyForm({ of: key, error }: { of: Key | null; error: string | null }) {
  const { t } = useTranslation();
  return (
    <>
      <TextField
        label={t('keys.name')}
        name="name"
        required
        maxLength={100}
        placeholder={t('keys.nameExample')}
        defaultValue={key?.name ?? ''}
        error={error}
      />
      <TextField
        label={t('keys.expiresAt')}
        name="expiresAt"
        type="date"
        hint={t('keys.expiresAtHint')}
        defaultValue={key?.expiresAt == null ? '' : localDay(key.expiresAt)}
      />
      <TextField
        label={t('keys.allowedModels')}
        name="allowedModels"
        hint={t('keys.allowedModelsHint')}
        defaultValue={key?.allowedModels?.join(', ') ?? ''}
      />
      <fieldset className="grid gap-3 sm:grid-cols-2">
        <legend className="mb-2 text-sm text-subtle">{t('keys.limitsHint')}</legend>
        {LIMITS.map((limit) => (
          <TextField
            key={limit}
            label={t(`keys.${limit}`)}
            name={limit}
            type="number"
            min={1}
            step={1}
            defaultValue={key?.[limit] ?? ''}
          />
        ))}
      </fieldset>
      <fieldset className="grid gap-3 sm:grid-cols-2">
        <legend className="mb-2 text-sm text-subtle">{t('keys.codeChunksHint')}</legend>
        {CODE_CHUNKS.map((name) => (
          <TextField
            key={name}
            label={t(`keys.${name}`)}
            name={name}
            type="number"
            min={name === 'codeChunkChars' ? 1 : 0}
            max={name === 'codeChunkChars' ? 4_096 : 1_000}
            step={1}
            defaultValue={key?.[name] ?? ''}
          />
        ))}
      </fieldset>
    </>
  );
}

/** What the form says; an empty field is null. */
export function readKeyForm(form: FormData): KeyFields {
  const text = (name: string): string => formText(form, name).trim();
  const limit = (name: (typeof LIMITS)[number] | (typeof CODE_CHUNKS)[number]): number | null =>
    text(name) === '' ? null : Number(text(name));
  const models = text('allowedModels')
    .split(',')
    .map((model) => model.trim())
    .filter(Boolean);
  return {
    name: text('name'),
    // A day ends where its owner lives.
    expiresAt: text('expiresAt') === '' ? null : new Date(`${text('expiresAt')}T23:59:59`).toISOString(),
    allowedModels: models.length === 0 ? null : models,
    requestsPerMinute: limit('requestsPerMinute'),
    tokensPerMinute: limit('tokensPerMinute'),
    concurrentRequests: limit('concurrentRequests'),
    monthlyTokens: limit('monthlyTokens'),
    codeChunkChars: limit('codeChunkChars'),
    codeChunkDelayMs: limit('codeChunkDelayMs'),
  };
}

/** YYYY-MM-DD of the browser's time zone, as a date field wants it. */
function localDay(iso: string): string {
  const date = new Date(iso);
  const two = (part: number): string => String(part).padStart(2, '0');
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}
