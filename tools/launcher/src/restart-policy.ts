/** How long a service must have been ready for its next death to count as the first. */
const STEADY_MS = 10_000;
const FIRST_DELAY_MS = 500;
/** A service that cannot start is still tried twice a minute: what it misses may come back. */
const LONGEST_DELAY_MS = 30_000;
/** From this many deaths in a row on it is called a crash loop. */
const CRASH_LOOP = 4;

/** What a supervised service is doing. Times are monotonic milliseconds. */
export type Phase =
  | { readonly kind: 'held' }
  | { readonly kind: 'starting'; readonly failures: number }
  | { readonly kind: 'ready'; readonly since: number; readonly failures: number }
  | { readonly kind: 'waiting'; readonly failures: number };

export type Event =
  | { readonly kind: 'released' }
  | { readonly kind: 'becameReady'; readonly at: number }
  | { readonly kind: 'exited'; readonly at: number }
  | { readonly kind: 'delayOver' };

export type Effect = { readonly kind: 'spawn' } | { readonly kind: 'delay'; readonly ms: number };

/**
 * Decides over restarts: the first death is answered at once, those that follow with growing delays, until the service has
 * been ready for a while. An event that means nothing in a phase changes nothing.
 */
export function decide(phase: Phase, event: Event): { next: Phase; effects: Effect[] } {
  switch (event.kind) {
    case 'released':
      return phase.kind === 'held' ? spawn(0) : nothing(phase);
    case 'delayOver':
      return phase.kind === 'waiting' ? spawn(phase.failures) : nothing(phase);
    case 'becameReady':
      if (phase.kind !== 'starting') return nothing(phase);
      return { next: { kind: 'ready', since: event.at, failures: phase.failures }, effects: [] };
    case 'exited': {
      if (phase.kind === 'held' || phase.kind === 'waiting') return nothing(phase);
      const steady = phase.kind === 'ready' && event.at - phase.since >= STEADY_MS;
      const failures = steady ? 1 : phase.failures + 1;
      if (failures === 1) return spawn(failures);
      return { next: { kind: 'waiting', failures }, effects: [{ kind: 'delay', ms: delayAfter(failures) }] };
    }
  }
}

/** Deaths in a row so far. */
export function failuresOf(phase: Phase): number {
  return phase.kind === 'held' ? 0 : phase.failures;
}

export function isCrashLoop(phase: Phase): boolean {
  return phase.kind !== 'ready' && failuresOf(phase) >= CRASH_LOOP;
}

function delayAfter(failures: number): number {
  return Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** (failures - 2));
}

function spawn(failures: number): { next: Phase; effects: Effect[] } {
  return { next: { kind: 'starting', failures }, effects: [{ kind: 'spawn' }] };
}

function nothing(phase: Phase): { next: Phase; effects: Effect[] } {
  return { next: phase, effects: [] };
}
