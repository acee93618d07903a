import type { Switch, SwitchFailure, SwitchState } from '#contracts/switching';
import { FAILURES, type Failure } from '../engines/failures';
import type { MachineState } from './machine-model';

/** The states of the machine in the words of the API. */
export function stateName(state: MachineState): SwitchState {
  switch (state.kind) {
    case 'freeing':
      return 'stopping';
    case 'undoing':
    case 'undo_freeing':
    case 'restoring':
      return 'rolling_back';
    case 'over':
      return state.outcome;
    default:
      return state.kind;
  }
}

/** What the API says of a failure. */
export function failureView(failure: Failure, logLines: string[]): SwitchFailure {
  return { code: failure.cause, message: failure.detail, advice: FAILURES[failure.cause].advice, logLines };
}

/** A switch as people read of it, kept up to date from state to state. */
export class SwitchDocument {
  private phaseBeganAt = performance.now();

  constructor(private document: Switch) {}

  get current(): Switch {
    return this.document;
  }

  /** @returns whether the API has another word for it now. */
  enter(state: MachineState): boolean {
    const name = stateName(state);
    if (name === this.document.state) return false;
    const { phases, ...rest } = this.document;
    const now = performance.now();
    const before = { name: this.document.state, ms: Math.round(now - this.phaseBeganAt) };
    this.phaseBeganAt = now;
    this.document = { ...rest, state: name, phases: [...phases, before], progress: null };
    return true;
  }

  change(change: Partial<Switch>): void {
    this.document = { ...this.document, ...change };
  }

  end(outcome: NonNullable<Switch['outcome']>): void {
    this.change({ outcome, endedAt: new Date().toISOString(), progress: null });
  }
}
