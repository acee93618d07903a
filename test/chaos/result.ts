import type { Fault, Injected } from './fault';
import type { Verdict } from './judge';

/** What became of one fault. */
export interface Result {
  readonly fault: Fault;
  readonly injected: Injected;
  readonly verdict: Verdict;
  /** Null when something still moved after a minute. */
  readonly settledMs: number | null;
}

/** Nothing lost, doubled, wrong or disturbed, and all at rest. */
export function isClean({ verdict, settledMs }: Result): boolean {
  const { lost, doubled, wrong, disturbed } = verdict;
  return lost + doubled + wrong + disturbed === 0 && settledMs !== null;
}
