import type { ReactNode } from 'react';

/** A table that scrolls by itself where it is wider than the page; what scrolls must be reachable by keyboard. */
export function Table({ label, children }: { label: string; children: ReactNode }) {
  return (
    <div tabIndex={0} role="region" aria-label={label} className="overflow-x-auto rounded-2xl border border-line">
      <table className="w-full border-collapse bg-raised text-sm tabular-nums">{children}</table>
    </div>
  );
}
