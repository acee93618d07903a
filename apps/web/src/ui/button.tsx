import type { ComponentProps } from 'react';

const LOOKS = {
  primary: 'bg-accent text-on-accent hover:opacity-90',
  plain: 'border border-line bg-raised hover:bg-sunken',
  quiet: 'text-subtle hover:bg-sunken hover:text-text',
  danger: 'border border-danger text-danger hover:bg-danger hover:text-ground',
} as const;

interface ButtonProps extends ComponentProps<'button'> {
  look?: keyof typeof LOOKS;
  /** The action is under way: it cannot be pressed again. */
  busy?: boolean;
}

export function Button({ look = 'plain', busy = false, className = '', disabled, ...rest }: ButtonProps) {
  return (
    <button
      type="button"
      {...rest}
      disabled={disabled === true || busy}
      aria-busy={busy}
      className={`inline-flex min-h-9 items-center justify-center gap-2 rounded-lg px-3.5 text-sm font-medium transition disabled:cursor-not-allowed disabled:opacity-50 ${LOOKS[look]} ${className}`}
    />
  );
}

/** A button that is only a picture: its name is what a screen reader says and a tooltip shows. */
export function IconButton({ label, className = '', ...rest }: ComponentProps<'button'> & { label: string }) {
  return (
    <button
      type="button"
      {...rest}
      aria-label={label}
      title={label}
      className={`inline-grid size-9 shrink-0 place-content-center rounded-lg text-subtle transition hover:bg-sunken hover:text-text disabled:cursor-not-allowed disabled:opacity-40 ${className}`}
    />
  );
}
