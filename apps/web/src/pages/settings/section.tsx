import type { ReactNode } from 'react';

export function Section({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section className="grid gap-4 rounded-2xl border border-line bg-raised p-5">
      <h2 className="font-semibold">{title}</h2>
      {children}
    </section>
  );
}
