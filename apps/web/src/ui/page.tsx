import type { ReactNode } from 'react';

/** The frame of every page but the chat: its title, what can be done, what is in it. */
export function Page({ title, actions, children }: { title: string; actions?: ReactNode; children: ReactNode }) {
  return (
    <main className="h-full overflow-y-auto">
      <title>{`${title} · Tandem`}</title>
      <div className="mx-auto grid max-w-5xl gap-6 px-4 py-6 sm:px-8">
        <header className="flex flex-wrap items-center justify-between gap-3">
          <h1 className="text-xl font-semibold">{title}</h1>
          {actions}
        </header>
        {children}
      </div>
    </main>
  );
}

export function Notice({ tone = 'muted', children }: { tone?: 'muted' | 'danger'; children: ReactNode }) {
  return (
    <p
      role={tone === 'danger' ? 'alert' : undefined}
      className={`rounded-xl border border-dashed px-4 py-6 text-center text-sm ${tone === 'danger' ? 'border-danger text-danger' : 'border-line text-subtle'}`}
    >
      {children}
    </p>
  );
}
