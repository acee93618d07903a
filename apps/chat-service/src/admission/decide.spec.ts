import fc from 'fast-check';
import { decide, moveElsewhere, startAtOnce } from './decide';
import { allPlaces, placeOf } from './queue-order';
import { emptyState, type AdmissionState, type Arrival, type Effect, type Prospect } from './queue-state';

const ENGINE = 'vllm-0';
const wait = (readyAt: number | null = null): Prospect => ({ kind: 'wait', engineIds: [ENGINE], readyAt });

/** A queue before one engine that is played by hand; the clock is what the test says. */
class Play {
  readonly state: AdmissionState;
  at = 0;

  constructor({ room = 1, maxWaiting = 100 }: { room?: number; maxWaiting?: number } = {}) {
    this.state = emptyState(maxWaiting);
    this.room(room);
  }

  room(capacity: number, prospect: Prospect = wait()): Effect[] {
    const capacities = new Map([[ENGINE, capacity]]);
    return decide(this.state, { kind: 'engines', at: this.at, capacities, prospect: () => prospect });
  }

  arrive(userId: string, more: Partial<Arrival> = {}): Effect[] {
    const arrival: Arrival = {
      userId,
      priority: 'person',
      sequences: 1,
      model: 'm',
      modelFixed: false,
      preferred: null,
      deadlineAt: this.at + 10_000,
      engineIds: [ENGINE],
      readyAt: null,
      ...more,
    };
    return decide(this.state, { kind: 'arrived', at: this.at, arrival });
  }

  end(userId: string, heldMs = 1_000, sequences = 1): Effect[] {
    return decide(this.state, { kind: 'ended', at: this.at, engineId: ENGINE, userId, sequences, heldMs });
  }

  leave(id: number): Effect[] {
    return decide(this.state, { kind: 'left', at: this.at, id });
  }

  tick(at: number): Effect[] {
    this.at = at;
    return decide(this.state, { kind: 'tick', at });
  }

  news(): Effect[] {
    return decide(this.state, { kind: 'news', at: this.at });
  }

  get running(): number {
    return this.state.engines.get(ENGINE)?.running ?? 0;
  }
}

const started = (effects: Effect[]): number[] => effects.flatMap((one) => (one.kind === 'start' ? [one.id] : []));
const refused = (effects: Effect[]) => effects.filter((one) => one.kind === 'refuse');
const told = (effects: Effect[]) => effects.filter((one) => one.kind === 'tell');

describe('the admission queue', () => {
  it('starts what an engine has room for and makes the rest wait, with its place', () => {
    const play = new Play({ room: 2 });
    expect(play.arrive('ann')).toEqual([{ kind: 'start', id: 1, engineId: ENGINE, waitedMs: 0 }]);
    expect(started(play.arrive('ann'))).toEqual([2]);
    expect(play.arrive('ann')).toEqual([{ kind: 'tell', id: 3, position: 1, expectedSeconds: null, ready: true }]);
    play.at = 700;
    expect(play.end('ann')).toEqual([{ kind: 'start', id: 3, engineId: ENGINE, waitedMs: 700 }]);
  });

  it("one user's fifty requests do not delay another's first", () => {
    const play = new Play({ room: 4 });
    for (let request = 0; request < 50; request++) play.arrive('flood');
    expect(told(play.arrive('ann'))).toMatchObject([{ position: 1 }]);
    expect(started(play.end('flood'))).toEqual([51]);
  });

  it('users who all want more than they have get the same share of the engine', () => {
    const play = new Play({ room: 6 });
    for (let request = 0; request < 30; request++) play.arrive('flood');
    for (let request = 0; request < 8; request++) for (const user of ['ann', 'bob']) play.arrive(user);
    for (let ends = 0; ends < 6; ends++) play.end('flood');
    expect([...play.state.users.values()].map(({ id, running }) => [id, running])).toEqual([
      ['flood', 2],
      ['ann', 2],
      ['bob', 2],
    ]);
  });

  it('people go before titles and benchmarks, also those who came later', () => {
    const play = new Play();
    play.arrive('ann');
    play.arrive('ann', { priority: 'background' });
    expect(told(play.arrive('ann'))).toMatchObject([{ id: 3, position: 1 }]);
    expect(started(play.end('ann'))).toEqual([3]);
    expect(started(play.end('ann'))).toEqual([2]);
  });

  it('several choices take several places; who needs more than is free is not passed by others behind it', () => {
    const play = new Play({ room: 4 });
    play.arrive('ann', { sequences: 3 });
    play.arrive('bob', { sequences: 3 });
    play.arrive('cid', { sequences: 3 });
    expect(play.arrive('cid')).toMatchObject([{ kind: 'tell', position: 3 }]);
    expect(started(play.end('ann', 1, 3))).toEqual([2]);
    expect(play.running).toBe(3);
  });

  it('who wants more than the engine ever takes gets it alone', () => {
    const play = new Play({ room: 2 });
    play.arrive('ann');
    play.arrive('bob', { sequences: 8 });
    expect(started(play.end('ann'))).toEqual([2]);
  });

  it('the expected time is computed from how long requests held their places', () => {
    const play = new Play({ room: 2 });
    for (let request = 0; request < 6; request++) play.arrive('ann');
    play.end('ann', 4_000);
    // Two places, 4 s each: one comes free every 2 s.
    const [last] = told(play.arrive('ann'));
    expect(last).toMatchObject({ position: 4, expectedSeconds: 8 });
  });

  it('news come for those whose place has changed, and not twice', () => {
    const play = new Play();
    for (let request = 0; request < 4; request++) play.arrive('ann');
    expect(play.news()).toEqual([]);
    play.end('ann', 3_000);
    expect(told(play.news())).toMatchObject([
      { id: 3, position: 1, expectedSeconds: 3 },
      { id: 4, position: 2, expectedSeconds: 6 },
    ]);
    expect(play.news()).toEqual([]);
  });

  it('one who leaves gives up its place', () => {
    const play = new Play();
    for (const user of ['ann', 'bob', 'cid']) play.arrive(user);
    play.leave(2);
    expect(started(play.end('ann'))).toEqual([3]);
    expect(play.leave(2)).toEqual([]);
  });

  it('past its deadline a request is refused, with the time after which a retry makes sense', () => {
    const play = new Play();
    play.arrive('ann');
    play.end('ann', 20_000);
    play.arrive('ann');
    play.arrive('bob', { deadlineAt: 5_000 });
    play.arrive('cid', { deadlineAt: 9_000 });
    expect(play.tick(4_999)).toEqual([]);
    expect(play.tick(5_000)).toEqual([{ kind: 'refuse', id: 3, why: 'deadline', retryAfterS: 20, waitedMs: 5_000 }]);
    expect(play.state.waiting.map(({ id }) => id)).toEqual([4]);
  });

  describe('when it is full', () => {
    it('refuses, and says when it will have been worked off', () => {
      const play = new Play({ maxWaiting: 2 });
      play.arrive('ann');
      play.end('ann', 5_000);
      for (const user of ['ann', 'bob', 'cid']) play.arrive(user);
      expect(play.arrive('dan')).toEqual([{ kind: 'refuse', id: 5, why: 'full', retryAfterS: 15, waitedMs: 0 }]);
      expect(play.state.users.has('dan')).toBe(false);
    });

    it('one who flooded it makes room for others, by its newest request', () => {
      const play = new Play({ maxWaiting: 4 });
      for (let request = 0; request < 5; request++) play.arrive('flood');
      const effects = play.arrive('ann');
      expect(refused(effects)).toMatchObject([{ id: 5, why: 'displaced' }]);
      expect(told(effects)).toMatchObject([{ id: 6, position: 1 }]);
      expect(refused(play.arrive('flood'))).toMatchObject([{ why: 'full' }]);
    });

    it('the background makes room for people, never the other way', () => {
      const play = new Play({ maxWaiting: 2 });
      play.arrive('ann');
      play.arrive('ann', { priority: 'background' });
      play.arrive('ann');
      expect(refused(play.arrive('ann'))).toMatchObject([{ id: 2, why: 'displaced' }]);
      expect(refused(play.arrive('bob', { priority: 'background' }))).toMatchObject([{ id: 5, why: 'full' }]);
    });
  });

  describe('while no engine is ready', () => {
    it('holds what comes, and starts it when one is, in order', () => {
      const play = new Play({ room: 0 });
      expect(play.arrive('ann', { readyAt: 30_000 })).toEqual([
        { kind: 'tell', id: 1, position: 1, expectedSeconds: 30, ready: false },
      ]);
      play.arrive('bob');
      expect(started(play.room(1))).toEqual([1]);
      expect(started(play.room(2))).toEqual([2]);
    });

    it('a switch holds what comes while the old engine ends what it runs', () => {
      const play = new Play({ room: 2 });
      play.arrive('ann');
      play.room(0);
      expect(told(play.arrive('bob'))).toMatchObject([{ ready: false }]);
      expect(started(play.end('ann'))).toEqual([]);
      expect(started(play.room(2))).toEqual([2]);
    });

    it('refuses those whom no engine will ever serve', () => {
      const play = new Play({ room: 0 });
      play.arrive('ann');
      expect(refused(play.room(0, { kind: 'never' }))).toMatchObject([{ id: 1, why: 'never' }]);
      expect(play.state.waiting).toEqual([]);
    });
  });

  it('one that an engine of another model would serve does not wait behind a busy engine', () => {
    const state = emptyState(10);
    const capacities = new Map([
      ['a', 1],
      ['b', 1],
    ]);
    decide(state, { kind: 'engines', at: 0, capacities, prospect: () => ({ kind: 'never' }) });
    const arrive = (model: string): Effect[] =>
      decide(state, {
        kind: 'arrived',
        at: 0,
        arrival: {
          userId: 'ann',
          priority: 'person',
          sequences: 1,
          modelFixed: false,
          preferred: null,
          model,
          deadlineAt: 1,
          engineIds: [model],
          readyAt: null,
        },
      });
    arrive('a');
    arrive('a');
    expect(arrive('b')).toMatchObject([{ kind: 'start', engineId: 'b' }]);
    expect(arrive('b')).toMatchObject([{ kind: 'tell', position: 1 }]);
  });

  it('one that needs more than is free of its engine holds up nobody at another engine', () => {
    const state = emptyState(10);
    const capacities = new Map([
      ['a', 2],
      ['b', 1],
    ]);
    decide(state, { kind: 'engines', at: 0, capacities, prospect: () => ({ kind: 'never' }) });
    const arrive = (model: string, sequences: number): Effect[] => {
      const rest = {
        userId: 'ann',
        priority: 'person',
        deadlineAt: 1,
        readyAt: null,
        modelFixed: false,
        preferred: null,
      } as const;
      return decide(state, { kind: 'arrived', at: 0, arrival: { ...rest, sequences, model, engineIds: [model] } });
    };
    arrive('a', 1);
    arrive('b', 1);
    arrive('a', 2);
    arrive('b', 1);
    const effects = decide(state, { kind: 'ended', at: 0, engineId: 'b', userId: 'ann', sequences: 1, heldMs: 1 });
    expect(started(effects)).toEqual([4]);
  });

  it('the short way is taken only where nobody waits', () => {
    const play = new Play({ room: 1 });
    expect(startAtOnce(play.state, [ENGINE], 'ann', 1)?.running).toBe(1);
    expect(startAtOnce(play.state, [ENGINE], 'ann', 1)).toBeNull();
    play.arrive('bob', { sequences: 3 });
    play.room(3);
    expect(startAtOnce(play.state, [ENGINE], 'ann', 1)).toBeNull();
  });
});

type Move =
  { do: 'arrive'; user: string; sequences: number; background: boolean } | { do: 'end' | 'leave'; pick: number };

const moves = fc.array(
  fc.oneof(
    fc.record({
      do: fc.constant('arrive' as const),
      user: fc.constantFrom('a', 'b', 'c', 'd'),
      sequences: fc.integer({ min: 1, max: 3 }),
      background: fc.boolean(),
    }),
    fc.record({ do: fc.constantFrom('end' as const, 'leave' as const), pick: fc.nat() }),
  ),
  { maxLength: 120, size: 'max' },
);

type Known = Map<number, { user: string; sequences: number; background: boolean }>;

/** Plays moves; `check` sees the state and effects after each. Ends what runs afterwards, until nobody waits. */
function playAll(all: Move[], check: (play: Play, effects: Effect[], known: Known) => void): void {
  const play = new Play({ room: 3, maxWaiting: 12 });
  const known: Known = new Map();
  const live: number[] = [];
  const take = (effects: Effect[]): void => {
    live.push(...started(effects));
    check(play, effects, known);
  };
  const end = (pick: number): void => {
    const [id] = live.splice(pick % live.length, 1);
    const { user, sequences } = known.get(id ?? 0)!;
    take(play.end(user, 1_000, sequences));
  };
  for (const move of all) {
    play.at += 1;
    if (move.do === 'arrive') {
      known.set(play.state.lastId + 1, move);
      take(play.arrive(move.user, { sequences: move.sequences, priority: move.background ? 'background' : 'person' }));
    } else if (move.do === 'end' && live.length > 0) end(move.pick);
    else if (move.do === 'leave' && play.state.waiting.length > 0)
      take(play.leave(play.state.waiting[move.pick % play.state.waiting.length]!.id));
  }
  while (live.length > 0) end(0);
  expect(play.state.waiting).toEqual([]);
  expect(play.running).toBe(0);
  expect(play.state.users.size).toBe(0);
}

describe('the admission queue, whatever comes', () => {
  it('keeps its bounds, leaves no room unused, and serves or refuses each exactly once', () => {
    fc.assert(
      fc.property(moves, (all) => {
        const over = new Set<number>();
        playAll(all, (play, effects) => {
          expect(play.running).toBeLessThanOrEqual(3);
          expect(play.state.waiting.length).toBeLessThanOrEqual(12);
          // Room stays free only for one who needs more of it, which everybody behind lets pass.
          const next = [...allPlaces(play.state).keys()][0];
          if (next !== undefined) expect(play.running + next.sequences).toBeGreaterThan(3);
          if (play.running === 0) expect(play.state.waiting).toEqual([]);
          for (const effect of effects) {
            if (effect.kind === 'tell') continue;
            expect(over.has(effect.id)).toBe(false);
            over.add(effect.id);
          }
        });
      }),
    );
  });

  it('starts nobody before one whose user has less running, nor the background before people', () => {
    fc.assert(
      fc.property(moves, (all) => {
        playAll(all, (play, effects, known) => {
          const [id, ...more] = started(effects);
          if (id === undefined || more.length > 0) return;
          const { user, sequences, background } = known.get(id)!;
          const had = play.state.users.get(user)!.running - sequences;
          for (const waiter of play.state.waiting) {
            if (background) expect(waiter.priority).toBe('background');
            const same = waiter.priority === (background ? 'background' : 'person');
            if (same && waiter.user.id !== user) expect(waiter.user.running).toBeGreaterThanOrEqual(had);
          }
        });
      }),
    );
  });

  it('tells each the place that it has among all', () => {
    fc.assert(
      fc.property(moves, (all) => {
        playAll(all, (play) => {
          const places = allPlaces(play.state);
          for (const waiter of play.state.waiting) expect(places.get(waiter)).toEqual(placeOf(play.state, waiter));
          expect([...places.values()].map(({ position }) => position)).toEqual(
            play.state.waiting.map((_, index) => index + 1),
          );
        });
      }),
    );
  });
});

describe('several engines for one model', () => {
  const IDS = ['a', 'b'];
  const two = (runningA: number, runningB: number, capacity = 64): AdmissionState => {
    const state = emptyState(10);
    state.engines.set('a', { id: 'a', capacity, running: runningA, meanHoldMs: null });
    state.engines.set('b', { id: 'b', capacity, running: runningB, meanHoldMs: null });
    return state;
  };
  const chosen = (state: AdmissionState, preferred: string | null): string | undefined =>
    startAtOnce(state, IDS, 'ann', 1, preferred)?.id;

  it('the one with the least to do takes the next request', () => {
    expect(chosen(two(3, 2), null)).toBe('b');
    expect(chosen(two(2, 3), null)).toBe('a');
  });

  it('the one that has the beginning of the prompt in its cache takes it, when it is hardly more loaded', () => {
    expect(chosen(two(4, 0), 'a')).toBe('a');
    expect(chosen(two(5, 0), 'a')).toBe('b');
    expect(chosen(two(2, 2), 'b')).toBe('b');
  });

  it('a full engine is not preferred, nor one that is gone', () => {
    expect(chosen(two(4, 3, 4), 'a')).toBe('b');
    expect(chosen(two(1, 0), 'gone')).toBe('b');
  });

  it('one who waits is started on the preferred engine as well', () => {
    const state = two(1, 1, 1);
    const rest = { priority: 'person', sequences: 1, model: 'm', modelFixed: false, deadlineAt: 1e9 } as const;
    const arrival = { ...rest, userId: 'ann', engineIds: IDS, readyAt: null, preferred: 'b' };
    decide(state, { kind: 'arrived', at: 0, arrival });
    const capacities = new Map([
      ['a', 2],
      ['b', 2],
    ]);
    const prospect = (): Prospect => ({ kind: 'wait', engineIds: IDS, readyAt: null });
    expect(decide(state, { kind: 'engines', at: 1, capacities, prospect })).toMatchObject([
      { kind: 'start', engineId: 'b' },
    ]);
  });

  it('a request that failed on one moves to another with its place', () => {
    const state = two(3, 1);
    expect(moveElsewhere(state, 'a', IDS, 2)?.id).toBe('b');
    expect([...state.engines.values()].map(({ running }) => running)).toEqual([1, 3]);
    expect(moveElsewhere(two(1, 64), 'a', IDS, 1)).toBeNull();
    expect(moveElsewhere(two(1, 0), 'a', ['a'], 1)).toBeNull();
  });
});
