import type { EngineRoom, Waiter } from './queue-state';

/** Weight of the newest measurement: the last few dozen requests count. */
const WEIGHT = 1 / 16;
/** Nobody is told to come back later than this, whatever was computed. */
const MAX_RETRY_AFTER_S = 300;

/** Takes one request's time on the engine into the mean, milliseconds. */
export function measureHold(engine: EngineRoom, heldMs: number): void {
  engine.meanHoldMs = engine.meanHoldMs === null ? heldMs : engine.meanHoldMs + (heldMs - engine.meanHoldMs) * WEIGHT;
}

/**
 * How long until this many sequences have started: places come free at `capacity / mean time that one is held`
 * (Little's law). Null while no request has ended yet, or no engine is ready.
 */
export function expectedMs(engines: readonly EngineRoom[], sequences: number): number | null {
  let perMs = 0;
  for (const { capacity, meanHoldMs } of engines) {
    if (meanHoldMs !== null && capacity > 0) perMs += capacity / Math.max(meanHoldMs, 1);
  }
  return perMs === 0 ? null : sequences / perMs;
}

export function isServed(waiter: Waiter): boolean {
  return waiter.engines.some((engine) => engine.capacity > 0);
}

/** Whole seconds until the turn of one that waits; while no engine is ready, until one is. Null when nobody knows. */
export function expectedSeconds(waiter: Waiter, sequences: number, at: number): number | null {
  if (!isServed(waiter)) return waiter.readyAt === null ? null : wholeSeconds(waiter.readyAt - at);
  const ms = expectedMs(waiter.engines, sequences);
  return ms === null ? null : wholeSeconds(ms);
}

/** `Retry-After`: what is expected, at least a second. */
export function retryAfterS(expected: number | null): number | null {
  return expected === null ? null : Math.min(MAX_RETRY_AFTER_S, Math.max(1, expected));
}

function wholeSeconds(ms: number): number {
  return Math.max(0, Math.ceil(ms / 1_000));
}
