import { useId, type ComponentProps, type ReactNode } from 'react';

const CONTROL =
  'min-h-10 w-full rounded-lg border border-line bg-raised px-3 py-2 text-sm placeholder:text-subtle disabled:opacity-60';

interface Labelled {
  label: string;
  hint?: string;
  error?: string | null;
}

function Field({
  label,
  hint,
  error,
  children,
}: Labelled & { children: (id: string, describedBy?: string) => ReactNode }) {
  const id = useId();
  const note = error ?? hint;
  return (
    <div className="grid gap-1.5">
      <label htmlFor={id} className="text-sm font-medium">
        {label}
      </label>
      {children(id, note === undefined ? undefined : `${id}-note`)}
      {note !== undefined && (
        <p
          id={`${id}-note`}
          role={error == null ? undefined : 'alert'}
          className={`text-xs ${error == null ? 'text-subtle' : 'text-danger'}`}
        >
          {note}
        </p>
      )}
    </div>
  );
}

export function TextField({ label, hint, error, ...rest }: Labelled & ComponentProps<'input'>) {
  return (
    <Field label={label} {...(hint === undefined ? {} : { hint })} error={error ?? null}>
      {(id, describedBy) => (
        <input id={id} aria-describedby={describedBy} aria-invalid={error != null} className={CONTROL} {...rest} />
      )}
    </Field>
  );
}

export function TextArea({ label, hint, ...rest }: Labelled & ComponentProps<'textarea'>) {
  return (
    <Field label={label} {...(hint === undefined ? {} : { hint })}>
      {(id, describedBy) => <textarea id={id} aria-describedby={describedBy} className={CONTROL} {...rest} />}
    </Field>
  );
}

export function Select<T extends string>({
  label,
  hint,
  options,
  value,
  onChoose,
}: Labelled & { options: readonly (readonly [T, string])[]; value: T; onChoose: (value: T) => void }) {
  return (
    <Field label={label} {...(hint === undefined ? {} : { hint })}>
      {(id, describedBy) => (
        <select
          id={id}
          aria-describedby={describedBy}
          className={CONTROL}
          value={value}
          onChange={(event) => onChoose(event.target.value as T)}
        >
          {options.map(([key, name]) => (
            <option key={key} value={key}>
              {name}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}
