import type { CSSProperties } from 'react';

export interface BarPart {
  name: string;
  label: string;
  gib: number;
}

export interface BarMark {
  atGib: number;
  label: string;
}

/** The colour of a part, from models.css; set through the CSSOM, which the content policy allows. */
const look = (name: string): CSSProperties => ({ backgroundColor: `var(--part-${name})` });

/** A card's memory, part beside part. What it shows is said by its name, for those who do not see it. */
export function MemoryBar({
  label,
  parts,
  scaleGib,
  marks = [],
}: {
  label: string;
  parts: readonly BarPart[];
  scaleGib: number;
  marks?: readonly BarMark[];
}) {
  const percent = (gib: number): string => `${(100 * gib) / scaleGib}%`;
  return (
    <div role="img" aria-label={label} className="relative">
      <div className="flex h-4 gap-px overflow-hidden rounded-md bg-raised">
        {parts
          .filter(({ gib }) => gib > 0)
          .map(({ name, label: title, gib }) => (
            <span key={name} title={title} className="min-w-px" style={{ width: percent(gib), ...look(name) }} />
          ))}
      </div>
      {marks.map(({ atGib, label: title }) => (
        <span
          key={title}
          title={title}
          className="absolute -inset-y-1 w-0.5 -translate-x-px rounded bg-danger"
          style={{ left: percent(atGib) }}
        />
      ))}
    </div>
  );
}

/** Which colour is what. */
export function Legend({ parts }: { parts: readonly { name: string; label: string }[] }) {
  return (
    <ul className="flex flex-wrap gap-x-4 gap-y-1 text-xs text-subtle">
      {parts.map(({ name, label }) => (
        <li key={name} className="flex items-center gap-1.5">
          <Swatch name={name} />
          {label}
        </li>
      ))}
    </ul>
  );
}

export function Swatch({ name }: { name: string }) {
  return <span aria-hidden className="inline-block size-2.5 shrink-0 rounded-xs" style={look(name)} />;
}
