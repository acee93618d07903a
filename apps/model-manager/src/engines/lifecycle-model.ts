import type { LogObservation } from './boot-log';
import type { Failure } from './failures';

/** States, events and effects of the life of one engine that is started here. `at` is in epoch milliseconds. */

export interface EngineProcessFacts {
  /** Names this start of the engine: a process, a container, a pod. */
  handle: string;
  url: string;
}

/** What the log said that may explain a failure to come. */
export interface Suspicion {
  failure: Failure;
  at: number;
}

export type LifecycleState =
  | { kind: 'new' }
  /** Looking for a live engine of a model-manager before this one. */
  | { kind: 'looking' }
  | { kind: 'spawning'; failures: number; startedAt: number }
  | {
      kind: 'loading';
      failures: number;
      process: EngineProcessFacts;
      startedAt: number;
      phase: string;
      percent: number;
      suspicion: Suspicion | null;
    }
  | {
      kind: 'ready';
      failures: number;
      process: EngineProcessFacts;
      since: number;
      missedProbes: number;
      suspicion: Suspicion | null;
    }
  /** What is left of a failed engine is being killed: its workers outlive it and hold the memory. */
  | { kind: 'clearing'; failures: number; failure: Failure; at: number }
  | { kind: 'waiting'; failures: number; failure: Failure; retryAt: number }
  /** Only another configuration can help. */
  | { kind: 'given-up'; failure: Failure }
  | { kind: 'draining'; process: EngineProcessFacts; since: number }
  | { kind: 'stopping' }
  | { kind: 'stopped' };

export type LifecycleEvent =
  | { kind: 'begin'; at: number }
  /** A live engine of the same configuration was found. */
  | { kind: 'found'; at: number; process: EngineProcessFacts; startedAt: number; healthy: boolean }
  | { kind: 'nothing-found'; at: number }
  | { kind: 'spawned'; at: number; process: EngineProcessFacts }
  | { kind: 'spawn-failed'; at: number; failure: Failure }
  | { kind: 'log'; at: number; observation: LogObservation }
  | { kind: 'healthy'; at: number }
  /** A probe got no answer in time, or was refused. */
  | { kind: 'no-answer'; at: number }
  /** `/health` answered 503: vLLM's engine core is dead and will not come back. */
  | { kind: 'engine-dead'; at: number }
  | { kind: 'hung'; at: number; forMs: number }
  | { kind: 'exited'; at: number; handle: string; code: number | null; signal: string | null }
  /** Nobody of the engine's process group is alive any more. */
  | { kind: 'gone'; at: number }
  /** The timer that the present state set. */
  | { kind: 'timer'; at: number }
  /** `drain`: what it runs may end first. */
  | { kind: 'stop'; at: number; drain: boolean; politely: boolean }
  | { kind: 'drained'; at: number };

export type Effect =
  | { kind: 'look' }
  | { kind: 'spawn' }
  /** Politely, with a deadline, or at once; what is just being looked for or spawned as well. Answered by `gone`. */
  | { kind: 'kill-group'; politely: boolean }
  /** Wait until no request runs, up to the drain limit. Answered by `drained`. */
  | { kind: 'drain' }
  /** A state has at most one timer; it dies with the state. */
  | { kind: 'timer'; afterMs: number }
  | { kind: 'note-ready'; loadMs: number | null }
  | { kind: 'note-failure'; failure: Failure; retryInMs: number | null };
