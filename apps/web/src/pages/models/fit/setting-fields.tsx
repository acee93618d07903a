import { useId } from 'react';
import { useTranslation } from 'react-i18next';
import { TextField } from '../../../ui/field';
import type { FieldName, Fields } from './what-if-settings';

interface NarrowField {
  name: FieldName;
  type: 'number' | 'text';
  min?: number;
  max?: number;
  step?: number;
  /** Offered, but others may be typed. */
  choices?: readonly string[];
}

const NARROW: readonly NarrowField[] = [
  { name: 'maxModelLen', type: 'number', min: 1 },
  { name: 'gpuMemoryUtilization', type: 'number', min: 0.01, max: 1, step: 0.01 },
  { name: 'tensorParallelSize', type: 'number', min: 1 },
  { name: 'maxNumSeqs', type: 'number', min: 1 },
  { name: 'kvCacheDtype', type: 'text', choices: ['auto', 'fp8', 'int8_per_token_head'] },
  { name: 'gpus', type: 'text' },
];

/** The settings that decide whether an engine fits, under vLLM's own names. */
export function SettingFields({ fields, onChange }: { fields: Fields; onChange: (fields: Fields) => void }) {
  const { t } = useTranslation();
  const id = useId();
  const put = (name: FieldName, typed: string): void => onChange({ ...fields, [name]: typed });
  return (
    <>
      <TextField label="model" required value={fields.model} onChange={(event) => put('model', event.target.value)} />
      <div className="grid grid-cols-2 items-end gap-3">
        {NARROW.map(({ name, choices, ...attributes }) => (
          <div key={name}>
            <TextField
              label={name}
              value={fields[name]}
              placeholder={t('models.fit.unset')}
              {...attributes}
              {...(choices !== undefined && { list: `${id}-${name}` })}
              onChange={(event) => put(name, event.target.value)}
            />
            {choices !== undefined && (
              <datalist id={`${id}-${name}`}>
                {choices.map((option) => (
                  <option key={option} value={option} />
                ))}
              </datalist>
            )}
          </div>
        ))}
      </div>
    </>
  );
}
