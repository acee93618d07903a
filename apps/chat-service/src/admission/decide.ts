import { expectedSeconds, isServed, measureHold, retryAfterS } from './expected-wait';
import { allPlaces, forgetIdle, nextWaiter, placeOf, roomFor, userShare, type Place } from './queue-order';
import type {
  AdmissionEvent,
  AdmissionState,
  Arrival,
  Effect,
  EngineRoom,
  Prospect,
  Refusal,
  UserShare,
  Waiter,
} from './queue-state';

type Of<Kind extends AdmissionEvent['kind']> = Extract<AdmissionEvent, { kind: Kind }>;

/**
 * The admission queue: an event in, effects out; no clock, no promise, nothing random. `state` is changed in place, since
 * copying a thousand who wait for each event would be most of the cost.
 */
export function decide(state: AdmissionState, event: AdmissionEvent): Effect[] {
  switch (event.kind) {
    case 'arrived':
      return arrived(state, event);
    case 'left':
      return left(state, event);
    case 'ended':
      return ended(state, event);
    case 'engines':
      return engines(state, event);
    case 'tick':
      return tick(state, event.at);
    case 'news':
      return news(state, event.at);
  }
}

/**
 * The way of a request that need not wait: nobody else waits and an engine has room. The same as `arrived` where both
 * apply, without an event or effects. Null: it has to queue.
 */
export function startAtOnce(
  state: AdmissionState,
  engineIds: readonly string[],
  userId: string,
  sequences: number,
  preferred: string | null = null,
): EngineRoom | null {
  if (state.waiting.length > 0) return null;
  const engine = roomFor(roomsOf(state, engineIds), sequences, preferred);
  if (engine !== null) occupy(engine, userShare(state, userId), sequences);
  return engine;
}

/**
 * Another engine for a request that failed on its own: the place moves with it. Null: none has room, and it keeps its place.
 * It goes before those who wait, since it has had its turn.
 */
export function moveElsewhere(
  state: AdmissionState,
  fromId: string,
  engineIds: readonly string[],
  sequences: number,
): EngineRoom | null {
  const others = roomsOf(state, engineIds).filter(({ id }) => id !== fromId);
  const engine = roomFor(others, sequences);
  if (engine === null) return null;
  engine.running += sequences;
  const from = state.engines.get(fromId);
  if (from !== undefined) from.running = Math.max(0, from.running - sequences);
  return engine;
}

/** The end of a request while nobody waits: the same as `ended`, without an event or effects. */
export function release(
  state: AdmissionState,
  engineId: string,
  userId: string,
  sequences: number,
  heldMs: number,
): void {
  const user = userShare(state, userId);
  user.running = Math.max(0, user.running - sequences);
  forgetIdle(state, user);
  const engine = state.engines.get(engineId);
  if (engine === undefined) return;
  engine.running = Math.max(0, engine.running - sequences);
  measureHold(engine, heldMs);
}

function arrived(state: AdmissionState, { at, arrival }: Of<'arrived'>): Effect[] {
  const effects: Effect[] = [];
  const waiter = newWaiter(state, arrival, at);
  state.lastId = waiter.id;
  const { waiting } = state;
  const displaced = waiting.length >= state.maxWaiting ? lessEntitled(state, waiter) : null;
  if (waiting.length >= state.maxWaiting && displaced === null) {
    forgetIdle(state, waiter.user);
    const ahead = waiting.reduce((sum, other) => sum + other.sequences, waiter.sequences);
    return [refusal(waiter, 'full', ahead, at)];
  }
  if (displaced !== null) {
    effects.push(refusal(displaced, 'displaced', placeOf(state, displaced).sequences, at));
    remove(state, displaced);
  }
  waiting.push(waiter);
  waiter.user.waiting += 1;
  startWhoCan(state, at, effects);
  if (waiting.includes(waiter)) tell(waiter, placeOf(state, waiter), at, effects);
  return effects;
}

/**
 * Who gives up its place in a full queue for this one: what is in the background for a person; else the newest request of
 * the user with the most waiting, if that are more than the newcomer has. (McKenney 1990, stochastic fairness queueing:
 * one who floods the queue must not close it to others.)
 */
function lessEntitled(state: AdmissionState, newcomer: Waiter): Waiter | null {
  let found: Waiter | null = null;
  for (let at = state.waiting.length - 1; at >= 0; at--) {
    const waiter = state.waiting[at] as Waiter;
    if (newcomer.priority === 'person' && waiter.priority === 'background') return waiter;
    if (waiter.priority !== newcomer.priority) continue;
    if (waiter.user.waiting > (found?.user.waiting ?? newcomer.user.waiting + 1)) found = waiter;
  }
  return found;
}

function left(state: AdmissionState, { at, id }: Of<'left'>): Effect[] {
  const effects: Effect[] = [];
  const waiter = state.waiting.find((one) => one.id === id);
  if (waiter === undefined) return effects;
  remove(state, waiter);
  startWhoCan(state, at, effects);
  return effects;
}

function ended(state: AdmissionState, { at, engineId, userId, sequences, heldMs }: Of<'ended'>): Effect[] {
  const effects: Effect[] = [];
  release(state, engineId, userId, sequences, heldMs);
  startWhoCan(state, at, effects);
  return effects;
}

function engines(state: AdmissionState, { at, capacities, prospect }: Of<'engines'>): Effect[] {
  const effects: Effect[] = [];
  for (const engine of state.engines.values()) {
    engine.capacity = capacities.get(engine.id) ?? 0;
    if (!capacities.has(engine.id) && engine.running === 0) state.engines.delete(engine.id);
  }
  for (const [id, capacity] of capacities) {
    if (!state.engines.has(id)) state.engines.set(id, { id, capacity, running: 0, meanHoldMs: null });
  }
  const known = new Map<string, Prospect>();
  for (const waiter of [...state.waiting]) {
    const wish = `${waiter.modelFixed ? '=' : '~'}${waiter.model}`;
    const found = known.get(wish) ?? prospect(waiter.model, waiter.modelFixed);
    known.set(wish, found);
    if (found.kind === 'wait') {
      waiter.engines = roomsOf(state, found.engineIds);
      waiter.readyAt = found.readyAt;
    } else {
      effects.push(refusal(waiter, 'never', 0, at));
      remove(state, waiter);
    }
  }
  startWhoCan(state, at, effects);
  return effects;
}

function tick(state: AdmissionState, at: number): Effect[] {
  const late = state.waiting.filter((waiter) => waiter.deadlineAt <= at);
  if (late.length === 0) return [];
  const places = allPlaces(state);
  const effects = late.map((waiter) => refusal(waiter, 'deadline', places.get(waiter)?.sequences ?? 0, at));
  for (const waiter of late) remove(state, waiter);
  // A heavy one that nobody could pass may have been among them.
  startWhoCan(state, at, effects);
  return effects;
}

function news(state: AdmissionState, at: number): Effect[] {
  const effects: Effect[] = [];
  for (const [waiter, place] of allPlaces(state)) tell(waiter, place, at, effects);
  return effects;
}

/** Gives out the room there is. One that needs more than is free keeps its engines' room from those behind it. */
function startWhoCan(state: AdmissionState, at: number, effects: Effect[]): void {
  let blocked: Set<EngineRoom> | null = null;
  while (anyRoom(state)) {
    const waiter = nextWaiter(state, blocked);
    if (waiter === null) return;
    const engine = roomFor(waiter.engines, waiter.sequences, waiter.preferred);
    if (engine === null) {
      blocked ??= new Set();
      for (const one of waiter.engines) blocked.add(one);
      continue;
    }
    remove(state, waiter);
    occupy(engine, userShare(state, waiter.user.id), waiter.sequences);
    effects.push({ kind: 'start', id: waiter.id, engineId: engine.id, waitedMs: at - waiter.arrivedAt });
  }
}

function anyRoom(state: AdmissionState): boolean {
  for (const engine of state.engines.values()) if (engine.running < engine.capacity) return true;
  return false;
}

function occupy(engine: EngineRoom, user: UserShare, sequences: number): void {
  engine.running += sequences;
  user.running += sequences;
}

function remove(state: AdmissionState, waiter: Waiter): void {
  const at = state.waiting.indexOf(waiter);
  if (at === -1) return;
  state.waiting.splice(at, 1);
  waiter.user.waiting -= 1;
  forgetIdle(state, waiter.user);
}

function newWaiter(state: AdmissionState, { userId, engineIds, ...given }: Arrival, at: number): Waiter {
  return {
    ...given,
    id: state.lastId + 1,
    user: userShare(state, userId),
    arrivedAt: at,
    engines: roomsOf(state, engineIds),
    told: null,
  };
}

function roomsOf(state: AdmissionState, ids: readonly string[]): EngineRoom[] {
  const rooms: EngineRoom[] = [];
  for (const id of ids) {
    const room = state.engines.get(id);
    if (room !== undefined) rooms.push(room);
  }
  return rooms;
}

function refusal(waiter: Waiter, why: Refusal, sequencesAhead: number, at: number): Effect {
  const retry = retryAfterS(expectedSeconds(waiter, sequencesAhead, at));
  return { kind: 'refuse', id: waiter.id, why, retryAfterS: retry, waitedMs: at - waiter.arrivedAt };
}

/** Says where one stands, unless it has been told the same, or nearly: a new guess of the time alone is no news below a tenth. */
function tell(waiter: Waiter, { position, sequences }: Place, at: number, effects: Effect[]): void {
  const expected = expectedSeconds(waiter, sequences, at);
  const ready = isServed(waiter);
  const { told } = waiter;
  const same = told !== null && told.position === position && told.ready === ready;
  if (same && nearly(told.expectedSeconds, expected)) return;
  waiter.told = { position, expectedSeconds: expected, ready };
  effects.push({ kind: 'tell', id: waiter.id, ...waiter.told });
}

function nearly(a: number | null, b: number | null): boolean {
  if (a === null || b === null) return a === b;
  return Math.abs(a - b) <= Math.max(1, a / 10);
}
