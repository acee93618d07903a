/**
 * A switch: what to do on which event. Pure, synchronous and total; `SwitchRunner` feeds events and carries effects out.
 * What it keeps to: `to` is started only where `from` is gone or on other GPUs; `from` is started again only when `to` is
 * gone; and wherever it ends, a side serves or the failure is named.
 */
import type { SwitchMode } from '#contracts/switching';
import type { Failure } from '../engines/failures';
import type { MachineEffect, MachineEvent, MachineState, Undo } from './machine-model';

export interface Decision {
  next: MachineState;
  effects: MachineEffect[];
}

type Of<Kind extends MachineState['kind']> = Extract<MachineState, { kind: Kind }>;

export const BEGIN: MachineState = { kind: 'validating' };

export function decide(state: MachineState, event: MachineEvent): Decision {
  switch (state.kind) {
    case 'validating':
      return whileValidating(state, event);
    case 'draining':
      if (event.kind === 'drained') return to({ kind: 'stopping', undo: null }, stop('from', true));
      if (event.kind === 'cancel') return to({ kind: 'over', outcome: 'cancelled', failure: null });
      return stay(state);
    case 'stopping':
      if (event.kind === 'stopped' && event.side === 'from')
        return to({ kind: 'freeing', undo: state.undo }, { kind: 'read-memory' });
      return stay(event.kind === 'cancel' ? { ...state, undo: CANCELLED } : state);
    case 'freeing':
      return whileFreeing(state, event);
    case 'starting':
      return whileStarting(state, event);
    case 'warming_up':
      return whileWarmingUp(state, event);
    case 'handing_over':
      return whileHandingOver(state, event);
    case 'benchmarking':
      return whileBenchmarking(state, event);
    case 'undoing':
      if (event.kind !== 'stopped' || event.side !== 'to') return stay(state);
      if (state.fromRuns) return to(undone(state.undo));
      return to({ kind: 'undo_freeing', undo: state.undo }, { kind: 'read-memory' });
    case 'undo_freeing':
      // Whether all of it is free or not, the last good profile is tried: nothing else is left.
      return event.kind === 'memory' ? restore(state.undo) : stay(state);
    case 'restoring':
      return whileRestoring(state, event);
    case 'over':
      return stay(state);
  }
}

/** What a model-manager that starts in the middle has to do: the same as the one before it, on what it left. */
export function resume(state: MachineState): Decision {
  switch (state.kind) {
    case 'validating':
      return to(state, start('from'), { kind: 'check' });
    case 'draining':
      return to(state, start('from'), { kind: 'drain' });
    case 'stopping':
      return to(state, stop('from', true));
    case 'freeing':
    case 'undo_freeing':
      return to(state, { kind: 'read-memory' });
    case 'starting':
    case 'warming_up':
      return starting(state.mode, state.mode === 'side_by_side' ? [start('from')] : []);
    case 'handing_over':
      if (state.step === 'draining') return to(state, start('to'), start('from'), { kind: 'drain' });
      return to(state, start('to'), stop('from', true));
    case 'benchmarking':
      // The figures are lost with who measured; the model serves.
      return to({ kind: 'over', outcome: 'ready' }, start('to'));
    case 'undoing':
      return to(state, ...(state.fromRuns ? [start('from')] : []), stop('to', false));
    case 'restoring':
      return restore(state.undo);
    case 'over':
      return to(state, start(state.outcome === 'ready' ? 'to' : 'from'));
  }
}

const CANCELLED: Undo = { outcome: 'cancelled', failure: null };

const start = (side: 'from' | 'to'): MachineEffect => ({ kind: 'start', side });
const stop = (side: 'from' | 'to', politely: boolean): MachineEffect => ({ kind: 'stop', side, politely });
const rolledBack = (failure: Failure): Undo => ({ outcome: 'rolled_back', failure });

function stay(state: MachineState): Decision {
  return { next: state, effects: [] };
}

function to(next: MachineState, ...effects: MachineEffect[]): Decision {
  return { next, effects };
}

function starting(mode: SwitchMode, before: MachineEffect[] = []): Decision {
  return to({ kind: 'starting', mode }, ...before, start('to'));
}

/** Nothing has been stopped, so nothing has to be brought back. */
function undone({ outcome, failure }: Undo): MachineState {
  return { kind: 'over', outcome, failure };
}

function undo(why: Undo, fromRuns: boolean): Decision {
  return to({ kind: 'undoing', undo: why, fromRuns }, stop('to', false));
}

function restore(why: Undo): Decision {
  return to({ kind: 'restoring', undo: why }, start('from'));
}

function whileValidating(state: Of<'validating'>, event: MachineEvent): Decision {
  switch (event.kind) {
    case 'begin':
      return to(state, { kind: 'check' });
    case 'checked':
      return event.mode === 'side_by_side' ? starting('side_by_side') : to({ kind: 'draining' }, { kind: 'drain' });
    case 'refused':
      return to(undone(rolledBack(event.failure)));
    case 'cancel':
      return to(undone(CANCELLED));
    default:
      return stay(state);
  }
}

function whileFreeing(state: Of<'freeing'>, event: MachineEvent): Decision {
  if (event.kind === 'cancel') return stay({ ...state, undo: CANCELLED });
  if (event.kind !== 'memory') return stay(state);
  if (state.undo !== null) return restore(state.undo);
  return event.free ? starting('replace') : restore(rolledBack(MEMORY_NOT_FREED));
}

const MEMORY_NOT_FREED: Failure = {
  cause: 'gpu_memory_not_freed',
  detail: 'The old engine has ended, but the GPUs do not have its memory back',
};

function whileStarting(state: Of<'starting'>, event: MachineEvent): Decision {
  const fromRuns = state.mode === 'side_by_side';
  if (event.kind === 'cancel') return undo(CANCELLED, fromRuns);
  if (event.kind === 'failed' && event.side === 'to') return undo(rolledBack(event.failure), fromRuns);
  if (event.kind === 'ready' && event.side === 'to')
    return to({ kind: 'warming_up', mode: state.mode }, { kind: 'warm-up' });
  return stay(state);
}

function whileWarmingUp(state: Of<'warming_up'>, event: MachineEvent): Decision {
  const fromRuns = state.mode === 'side_by_side';
  if (event.kind === 'cancel') return undo(CANCELLED, fromRuns);
  if (event.kind === 'failed' && event.side === 'to') return undo(rolledBack(event.failure), fromRuns);
  if (event.kind !== 'warm') return stay(state);
  if (fromRuns) return to({ kind: 'handing_over', step: 'draining' }, { kind: 'drain' });
  return to({ kind: 'benchmarking' }, { kind: 'benchmark' });
}

function whileHandingOver(state: Of<'handing_over'>, event: MachineEvent): Decision {
  if (state.step === 'draining') {
    // `from` still runs, so it can have its place back.
    if (event.kind === 'failed' && event.side === 'to') return undo(rolledBack(event.failure), true);
    if (event.kind === 'drained') return to({ kind: 'handing_over', step: 'stopping' }, stop('from', true));
  } else if (event.kind === 'stopped' && event.side === 'from')
    return to({ kind: 'benchmarking' }, { kind: 'benchmark' });
  return stay(state);
}

function whileBenchmarking(state: Of<'benchmarking'>, event: MachineEvent): Decision {
  switch (event.kind) {
    case 'benchmarked':
      return to({ kind: 'over', outcome: 'ready' });
    // The new model serves already, and stays.
    case 'cancel':
      return to({ kind: 'over', outcome: 'ready' }, { kind: 'stop-benchmark' });
    case 'failed': {
      if (event.side === 'from') return stay(state);
      const back = undo(rolledBack(event.failure), false);
      return { ...back, effects: [{ kind: 'stop-benchmark' }, ...back.effects] };
    }
    default:
      return stay(state);
  }
}

/** Restarting is what the care of an engine does by itself; only when it gives up, nothing serves. */
function whileRestoring(state: Of<'restoring'>, event: MachineEvent): Decision {
  if (event.kind === 'ready' && event.side === 'from') return to(undone(state.undo));
  if (event.kind === 'failed' && event.side === 'from' && event.final)
    return to({ kind: 'over', outcome: 'failed', failure: bothFailed(state.undo.failure, event.failure) });
  return stay(state);
}

function bothFailed(first: Failure | null, second: Failure): Failure {
  if (first === null) return second;
  return {
    cause: first.cause,
    detail: `${first.detail}. The last good profile did not come back either: ${second.detail}`,
  };
}
