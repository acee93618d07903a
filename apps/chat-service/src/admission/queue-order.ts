import type { AdmissionState, EngineRoom, UserShare, Waiter } from './queue-state';

/**
 * Whose turn is next: people before the background; then the user who has the least running; then who came first. So
 * one user's fifty requests stand behind another's first, and each user's share of the engines is the same while all want
 * more than they have.
 */
export function goesBefore(a: Waiter, b: Waiter, aAhead = 0, bAhead = 0): boolean {
  if (a.priority !== b.priority) return a.priority === 'person';
  const [aHas, bHas] = [a.user.running + aAhead, b.user.running + bAhead];
  return aHas === bHas ? a.id < b.id : aHas < bHas;
}

/** The next one who has an engine with any room; null when there is none. One pass over the queue. */
export function nextWaiter(state: AdmissionState, blocked: ReadonlySet<EngineRoom> | null): Waiter | null {
  let best: Waiter | null = null;
  for (const waiter of state.waiting) {
    if (best !== null && !goesBefore(waiter, best)) continue;
    if (waiter.engines.some((engine) => engine.running < engine.capacity && blocked?.has(engine) !== true))
      best = waiter;
  }
  return best;
}

/**
 * How many sequences more than the least loaded engine one may run that has the prompt's beginning in its cache. It saves
 * the prefill of that beginning; a few more sequences in each step cost little, a whole batch more costs everybody.
 */
const AFFINITY_SEQUENCES = 4;

/**
 * The engine with the most room that takes this many sequences; more than one ever takes go to an idle one.
 * @param preferred an engine's id: taken instead where it has room and is hardly more loaded.
 */
export function roomFor(
  engines: readonly EngineRoom[],
  sequences: number,
  preferred: string | null = null,
): EngineRoom | null {
  let best: EngineRoom | null = null;
  let kept: EngineRoom | null = null;
  for (const engine of engines) {
    const free = engine.capacity - engine.running;
    if (free < sequences && (engine.running > 0 || free <= 0)) continue;
    if (best === null || hasMoreRoom(engine, best)) best = engine;
    if (engine.id === preferred) kept = engine;
  }
  return kept !== null && best !== null && kept.running - best.running <= AFFINITY_SEQUENCES ? kept : best;
}

/** Engines without a known bound are compared by what they run. */
function hasMoreRoom(a: EngineRoom, b: EngineRoom): boolean {
  const [aFree, bFree] = [a.capacity - a.running, b.capacity - b.running];
  return aFree === bFree ? a.running < b.running : aFree > bFree;
}

export interface Place {
  /** 1 is next. */
  position: number;
  /** Sequences that start before this request, and its own. */
  sequences: number;
}

/** Where one stands among those who want the same engines, if nobody came or left from now on. Linear. */
export function placeOf(state: AdmissionState, me: Waiter): Place {
  const place = { position: 1, sequences: me.sequences };
  let mine = 0;
  for (const waiter of state.waiting) {
    waiter.user.ahead = 0;
    if (waiter.user === me.user && waiter.priority === me.priority && waiter.id < me.id) mine += waiter.sequences;
  }
  for (const waiter of state.waiting) {
    if (waiter === me || !shareEngines(waiter, me)) continue;
    if (goesBefore(waiter, me, waiter.user.ahead, mine)) {
      place.position += 1;
      place.sequences += waiter.sequences;
    }
    if (waiter.priority === me.priority) waiter.user.ahead += waiter.sequences;
  }
  return place;
}

/** The places of all, in one go: n log n for all instead of n for each. */
export function allPlaces(state: AdmissionState): Map<Waiter, Place> {
  const ahead = new Map<Waiter, number>();
  for (const priority of ['person', 'background'] as const) {
    for (const waiter of state.waiting) waiter.user.ahead = 0;
    for (const waiter of state.waiting) {
      if (waiter.priority !== priority) continue;
      ahead.set(waiter, waiter.user.ahead);
      waiter.user.ahead += waiter.sequences;
    }
  }
  const order = [...state.waiting].sort((a, b) => (goesBefore(a, b, ahead.get(a), ahead.get(b)) ? -1 : 1));
  const places = new Map<Waiter, Place>();
  const lanes = new Map<string, Place>();
  for (const waiter of order) {
    const lane = waiter.engines.map((engine) => engine.id).join();
    const before = lanes.get(lane) ?? { position: 0, sequences: 0 };
    const place = { position: before.position + 1, sequences: before.sequences + waiter.sequences };
    lanes.set(lane, place);
    places.set(waiter, place);
  }
  return places;
}

export function userShare(state: AdmissionState, id: string): UserShare {
  let user = state.users.get(id);
  if (user === undefined) {
    user = { id, running: 0, waiting: 0, ahead: 0 };
    state.users.set(id, user);
  }
  return user;
}

/** Who has nothing any more is forgotten. */
export function forgetIdle(state: AdmissionState, user: UserShare): void {
  if (user.running === 0 && user.waiting === 0) state.users.delete(user.id);
}

function shareEngines(a: Waiter, b: Waiter): boolean {
  if (a.engines.length === 1 && b.engines.length === 1) return a.engines[0] === b.engines[0];
  return a.engines.some((engine) => b.engines.includes(engine));
}
