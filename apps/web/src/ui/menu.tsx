import { useEffect, useId, useRef, useState, type KeyboardEvent, type ReactNode } from 'react';

export interface MenuItem<T> {
  value: T;
  /** What is shown, and what a search by typing goes by. */
  name: string;
  detail?: ReactNode;
  disabled?: boolean;
}

interface MenuProps<T> {
  label: string;
  value: T;
  items: readonly MenuItem<T>[];
  onChoose: (value: T) => void;
  /** What the closed button shows. */
  children: ReactNode;
  /** Below the items. */
  footer?: ReactNode;
}

/** A button that opens a list to choose one from: WAI-ARIA's select-only combobox. */
export function Menu<T>({ label, value, items, onChoose, children, footer }: MenuProps<T>) {
  const id = useId();
  const root = useRef<HTMLDivElement>(null);
  const [at, setAt] = useState<number | null>(null);
  const open = at !== null;
  useEffect(() => {
    if (!open) return;
    const close = (event: Event): void => {
      if (!root.current?.contains(event.target as Node)) setAt(null);
    };
    window.addEventListener('pointerdown', close);
    window.addEventListener('focusin', close);
    return () => {
      window.removeEventListener('pointerdown', close);
      window.removeEventListener('focusin', close);
    };
  }, [open]);
  useEffect(() => {
    if (at !== null) document.getElementById(`${id}-${at}`)?.scrollIntoView({ block: 'nearest' });
  }, [at, id]);

  const show = (): void =>
    setAt(
      Math.max(
        0,
        items.findIndex((item) => item.value === value),
      ),
    );
  const choose = (index: number): void => {
    const item = items[index];
    if (item === undefined || item.disabled === true) return;
    onChoose(item.value);
    setAt(null);
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key === 'Tab') return setAt(null);
    if (!open) {
      if (!['ArrowDown', 'ArrowUp', 'Enter', ' '].includes(event.key)) return;
      event.preventDefault();
      return show();
    }
    const to = (index: number): void => setAt(Math.min(items.length - 1, Math.max(0, index)));
    if (event.key === 'ArrowDown') to(at + 1);
    else if (event.key === 'ArrowUp') to(at - 1);
    else if (event.key === 'Home') to(0);
    else if (event.key === 'End') to(items.length - 1);
    else if (event.key === 'Escape') setAt(null);
    else if (event.key === 'Enter' || event.key === ' ') choose(at);
    else {
      const found = startingWith(items, event.key, at);
      if (found === null) return;
      setAt(found);
    }
    event.preventDefault();
  };
  return (
    <div ref={root} className="relative min-w-0">
      <button
        type="button"
        role="combobox"
        aria-label={label}
        aria-haspopup="listbox"
        aria-expanded={open}
        aria-controls={`${id}-list`}
        {...(open ? { 'aria-activedescendant': `${id}-${at}` } : {})}
        onClick={() => (open ? setAt(null) : show())}
        onKeyDown={onKeyDown}
        className="flex min-h-9 max-w-full items-center gap-2 rounded-lg px-2.5 text-sm font-medium transition hover:bg-sunken"
      >
        {children}
      </button>
      <div
        hidden={!open}
        className="absolute top-full left-0 z-30 mt-1 w-[min(24rem,calc(100vw-1.5rem))] rounded-xl border border-line bg-raised p-1 shadow-xl"
      >
        <ul id={`${id}-list`} role="listbox" aria-label={label} className="max-h-[min(24rem,60vh)] overflow-y-auto">
          {items.map((item, index) => (
            // eslint-disable-next-line jsx-a11y/click-events-have-key-events -- the combobox has the focus and the keys
            <li
              key={item.name}
              id={`${id}-${index}`}
              role="option"
              aria-selected={item.value === value}
              aria-disabled={item.disabled === true}
              onClick={() => choose(index)}
              onPointerMove={() => setAt(index)}
              className={`flex cursor-pointer items-center gap-3 rounded-lg px-3 py-2 text-sm aria-disabled:cursor-default aria-selected:font-medium ${index === at ? 'bg-sunken' : ''}`}
            >
              <span className={`min-w-0 flex-1 truncate ${item.disabled === true ? 'text-subtle' : ''}`}>
                {item.name}
              </span>
              {item.detail}
            </li>
          ))}
        </ul>
        {footer}
      </div>
    </div>
  );
}

/** The next item after `at` that begins with a typed letter; null: none, or no letter. */
function startingWith(items: readonly MenuItem<unknown>[], key: string, at: number): number | null {
  if (key.length !== 1) return null;
  const order = items.map((_, offset) => (at + 1 + offset) % items.length);
  return order.find((index) => items[index]?.name.toLowerCase().startsWith(key.toLowerCase())) ?? null;
}
