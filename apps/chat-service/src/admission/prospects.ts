import { isComing, isReady, resolveModel, type ModelsState, type Resolution } from '#contracts/models';

type Served = Exclude<Resolution, { kind: 'unknown' }>;

/** Below this the extrapolation of a boot's progress says nothing. */
const LEAST_PERCENT = 5;

/** The engines that serve a model: the ready ones; else all that are on their way. */
export function engineIdsFor(found: Served, state: ModelsState | null, model: string): string[] {
  if (found.kind === 'ready') return found.candidates.map((one) => one.engine.id);
  const coming = (state?.engines ?? []).filter(
    (engine) => isComing(engine) && resolveModel(only(engine), model).kind !== 'unknown',
  );
  // None by this name: the one that stands in for a model that was replaced.
  return coming.length === 0 ? [found.engine.id] : coming.map((engine) => engine.id);

  function only(engine: ModelsState['engines'][number]): ModelsState {
    return { revision: 0, profile: null, engines: [engine] };
  }
}

/**
 * When an engine that loads will be ready, on the monotonic clock: its time so far, extrapolated by the share of the boot
 * that is done. Null when it is ready already, or when it does not tell.
 */
export function readyAtOf(found: Served, epochNow: number, monotonicNow: number): number | null {
  if (found.kind === 'ready' || isReady(found.engine)) return null;
  const { state } = found.engine;
  if (state.kind !== 'loading' || state.percent < LEAST_PERCENT || state.startedAt === 0) return null;
  const elapsedMs = Math.max(0, epochNow - state.startedAt);
  return monotonicNow + (elapsedMs * (100 - state.percent)) / state.percent;
}
