/** What an operator should look at now: raised by model-manager, told to everybody who listens. */

export const AlertSubjects = {
  /** An alert began or ended. Core NATS. */
  changed: 'models.v1.alerts.changed',
  /** Request/reply: those that are on, and the last that were. */
  list: 'models.v1.alerts.list',
} as const;

/**
 * The first three: lines of engines' logs, and requests that ran into a timeout, within the window. `crash_loop`: an engine
 * failed again and again. `stepped_down`: it runs with less than its profile says, for want of memory. `profile_fallback`: the
 * chosen profile did not come up any more, and one of its fallbacks was switched to. `benchmark_regression`: a profile became slower.
 */
export const ALERT_KINDS = [
  'log_errors',
  'cuda_out_of_memory',
  'request_timeouts',
  'crash_loop',
  'stepped_down',
  'profile_fallback',
  'benchmark_regression',
] as const;
export type AlertKind = (typeof ALERT_KINDS)[number];

/** It holds no line of a log: those may quote a request. */
export interface Alert {
  id: string;
  kind: AlertKind;
  /** The engine it is about; null: all together. */
  engine: string | null;
  /** What happened and what to do, for an operator. */
  message: string;
  /** How often it was seen in the window when it was raised; null where nothing is counted. */
  count: number | null;
  threshold: number | null;
  /** Epoch milliseconds. */
  startedAt: number;
  /** Null while it is on. */
  endedAt: number | null;
}

export interface AlertList {
  /** Newest first; those that are on have no `endedAt`. */
  items: Alert[];
  nextCursor: null;
}
