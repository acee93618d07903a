/**
 * The life of one engine that is started here: what to do on which event. Pure, synchronous and total; the adapter that
 * owns it (`EngineSupervisor`) feeds events and carries the effects out.
 */
import { betterCause, CAPTURING_GRAPHS, type LogObservation } from './boot-log';
import { retryOf, type Failure } from './failures';
import type { Effect, EngineProcessFacts, LifecycleEvent, LifecycleState, Suspicion } from './lifecycle-model';
import { retryDelayMs } from './retry-delay';

export interface Decision {
  next: LifecycleState;
  effects: Effect[];
}

export interface LifecycleLimits {
  loadTimeoutMs: number;
}

/** So long a ready engine must live until its failures before are forgotten. */
export const STABLE_AFTER_MS = 120_000;
/** Of one second each: a loaded machine may miss one, hardly three. */
export const MISSED_PROBES = 3;
/** A line in the log explains an exit only when it is fresh. */
const SUSPICION_FRESH_MS = 60_000;

export function decide(state: LifecycleState, event: LifecycleEvent, limits: LifecycleLimits): Decision {
  if (event.kind === 'stop') return stop(state, event);
  switch (state.kind) {
    case 'new':
      return event.kind === 'begin' ? { next: { kind: 'looking' }, effects: [{ kind: 'look' }] } : stay(state);
    case 'looking':
      return whileLooking(state, event, limits);
    case 'spawning':
      return whileSpawning(state, event, limits);
    case 'loading':
      return whileLoading(state, event);
    case 'ready':
      return whileReady(state, event);
    case 'clearing':
      return event.kind === 'gone' ? retry(state) : stay(state);
    case 'waiting':
      return event.kind === 'timer' ? spawn(state.failures, event.at) : stay(state);
    case 'draining':
      return whileDraining(state, event);
    case 'stopping':
      return stay(event.kind === 'gone' ? { kind: 'stopped' } : state);
    case 'given-up':
    case 'stopped':
      return stay(state);
  }
}

type Of<Kind extends LifecycleState['kind']> = Extract<LifecycleState, { kind: Kind }>;

function stay(state: LifecycleState): Decision {
  return { next: state, effects: [] };
}

function spawn(failures: number, at: number): Decision {
  return { next: { kind: 'spawning', failures, startedAt: at }, effects: [{ kind: 'spawn' }] };
}

function whileLooking(state: Of<'looking'>, event: LifecycleEvent, limits: LifecycleLimits): Decision {
  if (event.kind === 'nothing-found') return spawn(0, event.at);
  if (event.kind !== 'found') return stay(state);
  const { process, startedAt, at } = event;
  if (event.healthy) return ready(0, process, at, null, null);
  return loading(0, process, startedAt, 'loading', limits);
}

function whileSpawning(state: Of<'spawning'>, event: LifecycleEvent, limits: LifecycleLimits): Decision {
  switch (event.kind) {
    case 'spawned':
      return loading(state.failures, event.process, state.startedAt, 'starting', limits);
    case 'spawn-failed':
      return fail(state.failures, event.failure, event.at);
    default:
      return stay(state);
  }
}

function loading(
  failures: number,
  process: EngineProcessFacts,
  startedAt: number,
  phase: string,
  limits: LifecycleLimits,
): Decision {
  return {
    next: { kind: 'loading', failures, process, startedAt, phase, percent: 0, suspicion: null },
    effects: [{ kind: 'timer', afterMs: limits.loadTimeoutMs }],
  };
}

function ready(
  failures: number,
  process: EngineProcessFacts,
  at: number,
  loadMs: number | null,
  suspicion: Suspicion | null,
): Decision {
  return {
    next: { kind: 'ready', failures, process, since: at, missedProbes: 0, suspicion },
    effects: [
      { kind: 'note-ready', loadMs },
      { kind: 'timer', afterMs: STABLE_AFTER_MS },
    ],
  };
}

function whileLoading(state: Of<'loading'>, event: LifecycleEvent): Decision {
  switch (event.kind) {
    case 'log':
      return stay(noteWhileLoading(state, event.observation, event.at));
    case 'healthy':
      return ready(state.failures, state.process, event.at, event.at - state.startedAt, null);
    case 'exited':
      if (event.handle !== state.process.handle) return stay(state);
      return fail(state.failures, state.suspicion?.failure ?? exitFailure(event.code, event.signal), event.at);
    case 'timer':
      return fail(
        state.failures,
        state.suspicion?.failure ?? { cause: 'load_timeout', detail: `The engine was still "${state.phase}"` },
        event.at,
      );
    default:
      return stay(state);
  }
}

function noteWhileLoading(state: Of<'loading'>, observation: LogObservation, at: number): LifecycleState {
  if (observation.kind === 'failure') {
    const failure = betterCause(state.suspicion?.failure ?? null, inPhase(observation.failure, state.phase));
    return { ...state, suspicion: { failure, at } };
  }
  // Several workers report each their own progress: the bar never runs backwards.
  if (observation.percent < state.percent) return state;
  return { ...state, phase: observation.phase, percent: observation.percent };
}

/** CUDA says the same whatever it ran out of memory for. */
function inPhase({ cause, detail }: Failure, phase: string): Failure {
  return { cause: cause === 'oom_at_load' && phase === CAPTURING_GRAPHS ? 'oom_at_graphs' : cause, detail };
}

function whileReady(state: Of<'ready'>, event: LifecycleEvent): Decision {
  switch (event.kind) {
    case 'log':
      return stay(noteWhileReady(state, event.observation, event.at));
    case 'healthy':
      return stay(state.missedProbes === 0 ? state : { ...state, missedProbes: 0 });
    case 'no-answer': {
      const missedProbes = state.missedProbes + 1;
      if (missedProbes < MISSED_PROBES) return stay({ ...state, missedProbes });
      return fail(state.failures, { cause: 'unresponsive', detail: 'The engine answered no health probe' }, event.at);
    }
    case 'engine-dead':
      return fail(
        state.failures,
        fresh(state.suspicion, event.at) ?? {
          cause: 'engine_core_failed',
          detail: 'The engine says that its core is dead',
        },
        event.at,
      );
    case 'hung': {
      const seconds = Math.round(event.forMs / 1000);
      const detail = `Requests were running, but no token came for ${seconds} seconds`;
      return fail(state.failures, { cause: 'hung', detail }, event.at);
    }
    case 'exited':
      if (event.handle !== state.process.handle) return stay(state);
      return fail(state.failures, fresh(state.suspicion, event.at) ?? exitFailure(event.code, event.signal), event.at);
    case 'timer':
      return stay({ ...state, failures: 0 });
    default:
      return stay(state);
  }
}

function noteWhileReady(state: Of<'ready'>, observation: LogObservation, at: number): LifecycleState {
  if (observation.kind === 'phase') return state;
  const { cause, detail } = observation.failure;
  const failure: Failure = { cause: cause === 'oom_at_load' ? 'oom_while_running' : cause, detail };
  return { ...state, suspicion: { failure: betterCause(fresh(state.suspicion, at), failure), at } };
}

function fresh(suspicion: Suspicion | null, at: number): Failure | null {
  return suspicion !== null && at - suspicion.at < SUSPICION_FRESH_MS ? suspicion.failure : null;
}

/** vLLM's API server exits with 0 when its engine core died: unasked, 0 is a crash as well. */
function exitFailure(code: number | null, signal: string | null): Failure {
  if (signal === 'SIGKILL') return { cause: 'killed', detail: 'The process of the engine was killed (SIGKILL)' };
  if (signal !== null) return { cause: 'crashed', detail: `The process of the engine ended by ${signal}` };
  if (code === null) return { cause: 'crashed', detail: 'The process of the engine ended' };
  return { cause: 'crashed', detail: `The process of the engine ended by itself with exit code ${code}` };
}

/** What is wrong with an engine in this state; null where nothing is. */
export function failureOf(state: LifecycleState): { failure: Failure; final: boolean } | null {
  switch (state.kind) {
    case 'clearing':
    case 'waiting':
      return { failure: state.failure, final: retryDelayMs(state.failure.cause, state.failures) === null };
    case 'given-up':
      return { failure: state.failure, final: true };
    default:
      return null;
  }
}

function fail(failuresBefore: number, failure: Failure, at: number): Decision {
  const failures = failuresBefore + 1;
  return {
    next: { kind: 'clearing', failures, failure, at },
    effects: [
      { kind: 'note-failure', failure, retryInMs: retryDelayMs(failure.cause, failures) },
      { kind: 'kill-group', politely: false },
    ],
  };
}

function retry(state: Of<'clearing'>): Decision {
  const delay = retryDelayMs(state.failure.cause, state.failures);
  const { failures, failure, at } = state;
  if (delay === null) return stay({ kind: 'given-up', failure: givenUp(failure, failures) });
  return {
    next: { kind: 'waiting', failures, failure, retryAt: at + delay },
    effects: [{ kind: 'timer', afterMs: delay }],
  };
}

/** Says that it was a crash loop, where it was one: what happened last is only the last of it. */
function givenUp({ cause, detail }: Failure, failures: number): Failure {
  if (retryOf(cause) === 'never') return { cause, detail };
  const told = detail.replace(/[.\s]*$/, '');
  return {
    cause,
    detail: `${told}. It failed ${failures} times in a row, and is not started again until somebody switches to its profile`,
  };
}

function stop(state: LifecycleState, { drain, politely }: Extract<LifecycleEvent, { kind: 'stop' }>): Decision {
  switch (state.kind) {
    case 'ready':
      if (!drain) return { next: { kind: 'stopping' }, effects: [{ kind: 'kill-group', politely }] };
      return { next: { kind: 'draining', process: state.process, since: state.since }, effects: [{ kind: 'drain' }] };
    case 'looking':
    case 'spawning':
    case 'loading':
      return { next: { kind: 'stopping' }, effects: [{ kind: 'kill-group', politely }] };
    // The killing is under way; `gone` will come.
    case 'clearing':
      return stay({ kind: 'stopping' });
    case 'new':
    case 'waiting':
    case 'given-up':
      return stay({ kind: 'stopped' });
    case 'draining':
    case 'stopping':
    case 'stopped':
      return stay(state);
  }
}

function whileDraining(state: Of<'draining'>, event: LifecycleEvent): Decision {
  const over =
    event.kind === 'drained' ||
    event.kind === 'engine-dead' ||
    event.kind === 'hung' ||
    (event.kind === 'exited' && event.handle === state.process.handle);
  if (!over) return stay(state);
  return { next: { kind: 'stopping' }, effects: [{ kind: 'kill-group', politely: true }] };
}
