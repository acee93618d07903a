/** What the queue knows, what it hears, and what it wants done. Times are monotonic milliseconds, given by who calls. */

export type Priority = 'person' | 'background';

/** An engine as far as admission is concerned. */
export interface EngineRoom {
  readonly id: string;
  /** Sequences that it may run for us at once; 0 while it is not ready. */
  capacity: number;
  /** Sequences that it runs for us. */
  running: number;
  /** How long a request holds its place, as measured; null before the first has ended. */
  meanHoldMs: number | null;
}

/** What one user has of the engines. */
export interface UserShare {
  readonly id: string;
  /** Sequences running. */
  running: number;
  /** Requests waiting. */
  waiting: number;
  /** Sequences of this user that go before the one looked at; scratch of one pass over the queue. */
  ahead: number;
}

export interface Told {
  /** 1 is next. */
  readonly position: number;
  readonly expectedSeconds: number | null;
  /** Whether an engine for it is ready. */
  readonly ready: boolean;
}

/** A request that waits. */
export interface Waiter {
  readonly id: number;
  readonly user: UserShare;
  readonly priority: Priority;
  /** Sequences that it will run (choices): the places that it needs. */
  readonly sequences: number;
  readonly model: string;
  /** No other model may answer. */
  readonly modelFixed: boolean;
  /** The engine that has the beginning of its prompt in its cache; null: none is known. */
  readonly preferred: string | null;
  readonly arrivedAt: number;
  readonly deadlineAt: number;
  /** The engines that serve its model, ready or to come. */
  engines: readonly EngineRoom[];
  /** When an engine for it will be ready, where that can be computed; null otherwise. */
  readyAt: number | null;
  /** What it was told last, so that nothing is said twice. */
  told: Told | null;
}

/** A request as it comes to the queue. */
export interface Arrival {
  readonly userId: string;
  readonly priority: Priority;
  readonly sequences: number;
  readonly model: string;
  readonly modelFixed: boolean;
  readonly preferred: string | null;
  readonly deadlineAt: number;
  readonly engineIds: readonly string[];
  readonly readyAt: number | null;
}

export interface AdmissionState {
  readonly engines: Map<string, EngineRoom>;
  readonly users: Map<string, UserShare>;
  /** In the order of arrival. */
  readonly waiting: Waiter[];
  readonly maxWaiting: number;
  lastId: number;
}

/** Whether an engine will serve a waiting request: which ones, or why none will. */
export type Prospect =
  | { readonly kind: 'wait'; readonly engineIds: readonly string[]; readonly readyAt: number | null }
  | { readonly kind: 'never' };

export type AdmissionEvent =
  | { kind: 'arrived'; at: number; arrival: Arrival }
  /** The one who waits does not want it any more. */
  | { kind: 'left'; at: number; id: number }
  /** A running request is over and was `heldMs` on the engine. */
  | { kind: 'ended'; at: number; engineId: string; userId: string; sequences: number; heldMs: number }
  /** Engines came, went, or changed; `prospect` says for a model what that means. */
  | {
      kind: 'engines';
      at: number;
      capacities: ReadonlyMap<string, number>;
      prospect: (model: string, fixed: boolean) => Prospect;
    }
  /** Time has passed: whose deadline is over? */
  | { kind: 'tick'; at: number }
  /** It is time to tell those who wait what has changed for them. */
  | { kind: 'news'; at: number };

export type Refusal = 'full' | 'displaced' | 'deadline' | 'never';

export type Effect =
  | { kind: 'start'; id: number; engineId: string; waitedMs: number }
  | { kind: 'refuse'; id: number; why: Refusal; retryAfterS: number | null; waitedMs: number }
  | ({ kind: 'tell'; id: number } & Told);

export function emptyState(maxWaiting: number): AdmissionState {
  return { engines: new Map(), users: new Map(), waiting: [], maxWaiting, lastId: 0 };
}
