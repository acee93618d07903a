interface TabsProps<T extends string> {
  label: string;
  value: T;
  options: readonly (readonly [T, string])[];
  onChoose: (value: T) => void;
}

/** A few ways to see the same thing, one of which is chosen: buttons that stay pressed. */
export function Tabs<T extends string>({ label, value, options, onChoose }: TabsProps<T>) {
  return (
    <div role="group" aria-label={label} className="inline-flex flex-wrap gap-1 rounded-xl bg-sunken p-1">
      {options.map(([option, name]) => (
        <button
          key={option}
          type="button"
          aria-pressed={option === value}
          onClick={() => onChoose(option)}
          className="min-h-8 rounded-lg px-3 text-sm text-subtle transition hover:text-text aria-pressed:bg-raised aria-pressed:font-medium aria-pressed:text-text aria-pressed:shadow-sm"
        >
          {name}
        </button>
      ))}
    </div>
  );
}
