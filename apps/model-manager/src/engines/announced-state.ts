import type { EngineState } from '#contracts/models';
import { failureMessage, type Failure } from './failures';
import type { LifecycleState } from './lifecycle-model';
import { retryAtOf } from './retry-delay';

/** How the state is announced to the other services. */
export function announced(state: LifecycleState): EngineState {
  switch (state.kind) {
    case 'new':
    case 'looking':
      return { kind: 'loading', phase: 'looking for a running engine', percent: 0, startedAt: 0 };
    case 'spawning':
      return { kind: 'loading', phase: 'starting', percent: 0, startedAt: state.startedAt };
    case 'loading':
      return { kind: 'loading', phase: state.phase, percent: state.percent, startedAt: state.startedAt };
    case 'draining':
      return { kind: 'draining' };
    case 'ready':
      return { kind: 'ready', url: state.process.url, since: state.since };
    case 'clearing':
      return failed(state.failure, retryAtOf(state.failure.cause, state.failures, state.at));
    case 'waiting':
      return failed(state.failure, state.retryAt);
    case 'given-up':
      return failed(state.failure, null);
    case 'stopping':
    case 'stopped':
      return { kind: 'stopped' };
  }
}

function failed(failure: Failure, retryAt: number | null): EngineState {
  return { kind: 'failed', cause: failure.cause, message: failureMessage(failure), retryAt };
}
