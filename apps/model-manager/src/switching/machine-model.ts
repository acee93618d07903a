import type { SwitchMode } from '#contracts/switching';
import type { Failure } from '../engines/failures';

/**
 * States, events and effects of one switch. `from` are the engines that were in force, `to` those of the new profile. A
 * state is plain data: it is kept, and a model-manager that starts in the middle goes on from it.
 */
export type Side = 'from' | 'to';

/** Why the new profile is taken back. */
export interface Undo {
  outcome: 'rolled_back' | 'cancelled';
  /** Null: it was cancelled. */
  failure: Failure | null;
}

export type MachineState =
  | { kind: 'validating' }
  /** `from` takes nothing new, and ends what it runs. */
  | { kind: 'draining' }
  /** The processes of `from` are being ended. A cancel cannot be followed before they are gone. */
  | { kind: 'stopping'; undo: Undo | null }
  /** Nobody of `from` is alive; its GPU memory is read back. */
  | { kind: 'freeing'; undo: Undo | null }
  /** Side by side: `from` serves meanwhile. */
  | { kind: 'starting'; mode: SwitchMode }
  | { kind: 'warming_up'; mode: SwitchMode }
  /** `to` serves; `from` ends what it runs, and then itself. */
  | { kind: 'handing_over'; step: 'draining' | 'stopping' }
  /** `to` serves alone. */
  | { kind: 'benchmarking' }
  /** `to` is being ended. */
  | { kind: 'undoing'; undo: Undo; fromRuns: boolean }
  | { kind: 'undo_freeing'; undo: Undo }
  /** `from` is being started again. */
  | { kind: 'restoring'; undo: Undo }
  | { kind: 'over'; outcome: 'ready' }
  | { kind: 'over'; outcome: 'rolled_back' | 'cancelled'; failure: Failure | null }
  /** Nothing serves: neither the new profile nor the last good one. */
  | { kind: 'over'; outcome: 'failed'; failure: Failure };

export type MachineEvent =
  | { kind: 'begin' }
  /** The fit check and what it says; `refused` where it cannot fit after all. */
  | { kind: 'checked'; mode: SwitchMode }
  | { kind: 'refused'; failure: Failure }
  /** Nothing runs on `from` any more, or the drain limit is over. */
  | { kind: 'drained' }
  /** Nobody of this side is alive any more. */
  | { kind: 'stopped'; side: Side }
  /** Whether the GPUs have the memory back that ended engines held. */
  | { kind: 'memory'; free: boolean }
  /** All engines of this side answer. */
  | { kind: 'ready'; side: Side }
  /** One of them failed. `final`: it is not tried again. */
  | { kind: 'failed'; side: Side; failure: Failure; final: boolean }
  | { kind: 'warm' }
  | { kind: 'benchmarked' }
  | { kind: 'cancel' };

export type MachineEffect =
  /** Does it fit, and beside what runs? Answered by `checked` or `refused`. */
  | { kind: 'check' }
  /** Until nothing runs on `from`, or the limit. Answered by `drained`. */
  | { kind: 'drain' }
  /** Adopts what is left of this side from before, else starts it. Answered by `ready` or `failed`. */
  | { kind: 'start'; side: Side }
  /** The whole process groups. Answered by `stopped`. */
  | { kind: 'stop'; side: Side; politely: boolean }
  /** Answered by `memory`. */
  | { kind: 'read-memory' }
  /** A first request to each engine. Answered by `warm`, or `failed`. */
  | { kind: 'warm-up' }
  /** Answered by `benchmarked`. */
  | { kind: 'benchmark' }
  | { kind: 'stop-benchmark' };

/**
 * The side that takes requests; null: they are held. It is what the announcement is made from, so a state and what is told
 * of it cannot differ.
 */
export function servingSide(state: MachineState): Side | null {
  switch (state.kind) {
    case 'validating':
      return 'from';
    case 'starting':
    case 'warming_up':
      return state.mode === 'side_by_side' ? 'from' : null;
    case 'handing_over':
    case 'benchmarking':
      return 'to';
    case 'undoing':
      return state.fromRuns ? 'from' : null;
    case 'restoring':
      return 'from';
    case 'over':
      return state.outcome === 'ready' ? 'to' : 'from';
    case 'draining':
    case 'stopping':
    case 'freeing':
    case 'undo_freeing':
      return null;
  }
}
