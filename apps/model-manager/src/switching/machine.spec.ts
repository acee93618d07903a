import fc from 'fast-check';
import { CodedError } from '#contracts/errors';
import type { Failure } from '../engines/failures';
import type { Profile } from '../profiles/profile';
import type { Exhausted } from '../recovery/stepping-engine';
import { FallbackProfiles, triedWith } from './fallback-profile';
import { BEGIN, decide, resume } from './machine';
import { servingSide, type MachineEffect, type MachineEvent, type MachineState, type Side } from './machine-model';

const OOM: Failure = { cause: 'oom_at_load', detail: 'CUDA out of memory' };
const begin: MachineEvent = { kind: 'begin' };
const checked: MachineEvent = { kind: 'checked', mode: 'replace' };
const beside: MachineEvent = { kind: 'checked', mode: 'side_by_side' };
const drained: MachineEvent = { kind: 'drained' };
const stopped = (side: Side): MachineEvent => ({ kind: 'stopped', side });
const memory = (free: boolean): MachineEvent => ({ kind: 'memory', free });
const ready = (side: Side): MachineEvent => ({ kind: 'ready', side });
const failed = (side: Side, final = false): MachineEvent => ({ kind: 'failed', side, failure: OOM, final });
const warm: MachineEvent = { kind: 'warm' };
const cancel: MachineEvent = { kind: 'cancel' };
const benchmarked: MachineEvent = { kind: 'benchmarked' };
const toStarting = [begin, checked, drained, stopped('from'), memory(true)];

function play(...events: MachineEvent[]): { state: MachineState; effects: MachineEffect[]; all: string[] } {
  let state = BEGIN;
  let effects: MachineEffect[] = [];
  const all: string[] = [];
  for (const event of events) {
    ({ next: state, effects } = decide(state, event));
    all.push(...effects.map((effect) => ('side' in effect ? `${effect.kind} ${effect.side}` : effect.kind)));
  }
  return { state, effects, all };
}

describe('a switch', () => {
  it('checks, drains and ends the old model, reads its memory back, and only then starts the new one', () => {
    const { state, all } = play(...toStarting, ready('to'), warm, benchmarked);
    expect(all).toEqual(['check', 'drain', 'stop from', 'read-memory', 'start to', 'warm-up', 'benchmark']);
    expect(state).toEqual({ kind: 'over', outcome: 'ready' });
  });

  it('starts the new model first where it fits beside the old one, which serves until the hand-over', () => {
    const coming = play(begin, beside);
    expect(coming.all).toEqual(['check', 'start to']);
    expect(servingSide(coming.state)).toBe('from');
    const { all, state } = play(begin, beside, ready('to'), warm);
    expect(servingSide(state)).toBe('to');
    expect(all.slice(2)).toEqual(['warm-up', 'drain']);
    expect(play(begin, beside, ready('to'), warm, drained, stopped('from')).state).toEqual({ kind: 'benchmarking' });
  });

  it('holds requests from the drain until the new model is warm, and serves before it measures', () => {
    for (const events of [[begin, checked], toStarting, [...toStarting, ready('to')]])
      expect(servingSide(play(...events).state)).toBeNull();
    expect(servingSide(play(...toStarting, ready('to'), warm).state)).toBe('to');
  });

  it('ends what is left of a new model that failed, and brings the old one back', () => {
    const undone = play(...toStarting, failed('to'));
    expect(undone.effects).toEqual([{ kind: 'stop', side: 'to', politely: false }]);
    const { all, state } = play(...toStarting, failed('to'), stopped('to'), memory(true), ready('from'));
    expect(all.slice(-3)).toEqual(['stop to', 'read-memory', 'start from']);
    expect(state).toEqual({ kind: 'over', outcome: 'rolled_back', failure: OOM });
  });

  it('goes back without an interruption where the old model still runs', () => {
    const { all, state } = play(begin, beside, failed('to'), stopped('to'));
    expect(all).not.toContain('stop from');
    expect(state).toEqual({ kind: 'over', outcome: 'rolled_back', failure: OOM });
  });

  it('goes back when the memory of the old engine does not come free, or the first request fails', () => {
    expect(play(begin, checked, drained, stopped('from'), memory(false)).effects).toEqual([
      { kind: 'start', side: 'from' },
    ]);
    expect(play(...toStarting, ready('to'), failed('to')).state.kind).toBe('undoing');
  });

  it('goes back when the new engine dies while it is measured', () => {
    const { state, effects } = play(...toStarting, ready('to'), warm, failed('to'));
    expect(state).toMatchObject({ kind: 'undoing', fromRuns: false });
    expect(effects.map(({ kind }) => kind)).toEqual(['stop-benchmark', 'stop']);
  });

  it('stops nothing when it is refused', () => {
    expect(play(begin, { kind: 'refused', failure: OOM })).toMatchObject({
      state: { kind: 'over', outcome: 'rolled_back', failure: OOM },
      all: ['check'],
    });
  });

  it('leaves the old one to its care while that tries again, and names both failures when it gives up', () => {
    const restoring = [...toStarting, failed('to'), stopped('to'), memory(true)];
    expect(play(...restoring, failed('from')).state.kind).toBe('restoring');
    expect(play(...restoring, failed('from'), ready('from')).state).toMatchObject({ outcome: 'rolled_back' });
    const { state } = play(...restoring, failed('from', true));
    expect(state).toMatchObject({ outcome: 'failed', failure: { detail: /last good profile/ } as never });
  });

  it.each<[string, MachineEvent[], string[]]>([
    ['while it is checked', [begin], []],
    ['while the old model drains', [begin, checked], []],
    ['while the new one starts beside', [begin, beside], ['stop to']],
  ])('can be cancelled %s, with nothing interrupted', (_, events, then) => {
    const after = play(...events, cancel, stopped('to'));
    expect(after.all.slice(play(...events).all.length)).toEqual(then);
    expect(after.state).toEqual({ kind: 'over', outcome: 'cancelled', failure: null });
  });

  it.each<[string, MachineEvent[]]>([
    ['while the old one is ended', [begin, checked, drained, cancel, stopped('from'), memory(true)]],
    ['while the memory is read back', [begin, checked, drained, stopped('from'), cancel, memory(true)]],
    ['while the new one starts', [...toStarting, cancel, stopped('to'), memory(true)]],
    ['while the new one warms up', [...toStarting, ready('to'), cancel, stopped('to'), memory(true)]],
  ])('brings the old model back when it is cancelled %s', (_, events) => {
    expect(play(...events).effects).toEqual([{ kind: 'start', side: 'from' }]);
    expect(play(...events, ready('from')).state).toEqual({ kind: 'over', outcome: 'cancelled', failure: null });
  });

  it('keeps the new model when it is cancelled while that serves already', () => {
    expect(play(...toStarting, ready('to'), warm, cancel)).toMatchObject({
      state: { kind: 'over', outcome: 'ready' },
      effects: [{ kind: 'stop-benchmark' }],
    });
  });
});

/** GPUs, engines and requests, as far as a switch can do them good or harm. Answers effects late, or with a failure. */
class World {
  state: MachineState = BEGIN;
  /** Sides whose engines live, whether they are ready or not. */
  readonly alive = new Set<Side>(['from']);
  /** Sides whose engines answer. */
  readonly answers = new Set<Side>(['from']);
  held = 0;
  running: Record<Side, number> = { from: 3, to: 0 };
  lost = 0;
  answered = 0;
  private pending: MachineEffect[] = [];

  constructor(private readonly sameGpus: boolean) {}

  event(event: MachineEvent): void {
    const { next, effects } = decide(this.state, event);
    this.state = next;
    for (const effect of effects) this.take(effect);
    this.dispatch();
  }

  request(): void {
    this.held += 1;
    this.dispatch();
  }

  /** kill -9 of model-manager: what was asked of it is forgotten, engines and requests live on. */
  restart(): void {
    this.pending = [];
    const { next, effects } = resume(this.state);
    this.state = next;
    for (const effect of effects) this.take(effect);
    this.dispatch();
  }

  /** Carries the nth thing out that is waiting; `well` says how it goes. */
  carryOut(index: number, well: boolean): void {
    if (this.pending.length === 0) return;
    const [effect] = this.pending.splice(index % this.pending.length, 1);
    if (effect !== undefined) this.perform(effect, well);
  }

  /** The engines in force run out of memory: what ran on them is gone, and they do not come up again by themselves. */
  breakDown(): void {
    const serving = servingSide(this.state) ?? 'from';
    this.answers.delete(serving);
    this.running[serving] = 0;
  }

  /** Another switch: those in force are its old side. */
  again(): void {
    const serving = servingSide(this.state) ?? 'from';
    const [lives, answers] = [this.alive.has(serving), this.answers.has(serving)];
    this.alive.clear();
    this.answers.clear();
    if (lives) this.alive.add('from');
    if (answers) this.answers.add('from');
    this.running = { from: this.running[serving], to: 0 };
    this.state = BEGIN;
    this.event(begin);
  }

  get idle(): boolean {
    return this.pending.length === 0;
  }

  private take(effect: MachineEffect): void {
    if (effect.kind === 'start') this.launch(effect.side);
    if (effect.kind === 'stop') {
      // The group is told to end; what still runs on it is cut.
      this.answers.delete(effect.side);
      this.cut(effect.side);
    }
    if (effect.kind !== 'stop-benchmark') this.pending.push(effect);
  }

  private launch(side: Side): void {
    this.alive.add(side);
    if (this.sameGpus && this.alive.size > 1) throw new Error('two engines on one GPU');
  }

  private perform(effect: MachineEffect, well: boolean): void {
    switch (effect.kind) {
      case 'check':
        if (!well) this.event({ kind: 'refused', failure: OOM });
        else this.event({ kind: 'checked', mode: this.sameGpus ? 'replace' : 'side_by_side' });
        return;
      case 'drain':
        this.answered += this.running.from;
        this.running.from = 0;
        this.event(drained);
        return;
      case 'stop':
        this.alive.delete(effect.side);
        this.event(stopped(effect.side));
        return;
      case 'read-memory':
        this.event(memory(well));
        return;
      case 'start':
        if (!this.alive.has(effect.side)) return; // it was ended meanwhile
        if (well) this.answers.add(effect.side);
        // The care of an engine restarts it by itself, and gives up in the end.
        this.event(well ? ready(effect.side) : failed(effect.side, true));
        return;
      case 'warm-up':
        if (this.alive.has('to')) this.event(well ? warm : failed('to'));
        return;
      case 'benchmark':
        if (this.alive.has('to')) this.event(well ? benchmarked : failed('to'));
        return;
      case 'stop-benchmark':
        return;
    }
  }

  /** Held requests go to the side that serves, once it answers. */
  private dispatch(): void {
    const side = servingSide(this.state);
    if (side === null || !this.answers.has(side)) return;
    this.running[side] += this.held;
    this.held = 0;
  }

  private cut(side: Side): void {
    // A new model that dies under its first requests may lose them; the old one is never ended under any.
    if (side === 'from') this.lost += this.running.from;
    this.running[side] = 0;
  }
}

type Step = { kind: 'carry-out'; index: number; well: boolean } | { kind: 'cancel' | 'request' | 'restart' | 'kill' };

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        kind: fc.constant('carry-out' as const),
        index: fc.nat(4),
        well: fc.boolean(),
      }),
    },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('request' as const) }) },
    {
      weight: 1,
      arbitrary: fc.record({ kind: fc.constantFrom('cancel' as const, 'restart' as const, 'kill' as const) }),
    },
  ),
  { maxLength: 40 },
);

function playStep(world: World, step: Step): void {
  if (step.kind === 'carry-out') world.carryOut(step.index, step.well);
  else if (step.kind === 'request') world.request();
  else if (step.kind === 'restart') world.restart();
  else if (step.kind === 'cancel') world.event(cancel);
  else if (world.alive.has('to')) world.event(failed('to'));
}

/** Until nothing waits to be carried out any more. @throws Error where it does not end well. */
function settle(world: World, fromServes = true): Extract<MachineState, { kind: 'over' }> {
  for (let left = 100; !world.idle && left > 0; left--) world.carryOut(0, true);
  const { state } = world;
  if (state.kind !== 'over') throw new Error(`it ends in ${state.kind}`);
  if (world.lost > 0) throw new Error('requests of the old engine were cut');
  // Where nothing served before and the switch came to nothing, they go on waiting.
  const served = state.outcome === 'ready' || (state.outcome !== 'failed' && fromServes);
  if (served && world.held > 0) throw new Error('requests are held for ever');
  if (state.outcome === 'rolled_back' && state.failure === null) throw new Error('the failure has no name');
  const serving = servingSide(state);
  if ([...world.alive].join() !== serving) throw new Error(`alive: ${[...world.alive].join()}`);
  return state;
}

describe('whatever happens in a switch', () => {
  it('no held request is lost, no GPU has two engines, and it ends ready, rolled back or with a named failure', () => {
    const outcomes = new Map<string, number>();
    fc.assert(
      fc.property(steps, fc.boolean(), (list, sameGpus) => {
        const world = new World(sameGpus);
        world.event(begin);
        for (const step of list) playStep(world, step);
        const { outcome } = settle(world);
        outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
      }),
      { numRuns: 10_000 },
    );
    // The random lists do reach every end.
    expect([...outcomes.keys()].sort()).toEqual(['cancelled', 'failed', 'ready', 'rolled_back']);
  });

  it('profiles that fall back to each other do so at most once each, with the same promises', () => {
    const NAMES = ['a', 'b', 'c', 'd'];
    const longest = new Map<number, number>();
    const graph = fc.tuple(...NAMES.map(() => fc.uniqueArray(fc.constantFrom(...NAMES, 'no-such-profile'))));
    fc.assert(
      fc.property(graph, fc.array(steps, { minLength: 4, maxLength: 4 }), fc.boolean(), (lists, turns, sameGpus) => {
        const profiles = NAMES.map((name, index) => profileNamed(name, lists[index] ?? []));
        const fallbacks = fallbacksAmong(profiles);
        const world = new World(sameGpus);
        world.state = { kind: 'over', outcome: 'rolled_back', failure: OOM };
        let [inForce] = profiles as [Profile];
        let tried: string[] = [];
        for (let changes = 0; ; changes += 1) {
          world.breakDown();
          fallbacks.note({ profile: inForce.name, trouble: OUT_OF_MEMORY_AGAIN, reason: '' });
          const next = fallbacks.next(inForce, tried);
          if (next === null) {
            longest.set(changes, (longest.get(changes) ?? 0) + 1);
            return;
          }
          if (changes >= NAMES.length - 1) throw new Error('they go round in a circle');
          tried = triedWith(tried, inForce.name, next.profile.name);
          world.again();
          for (const step of turns[changes] ?? []) playStep(world, step);
          if (settle(world, false).outcome === 'ready') inForce = next.profile;
        }
      }),
      { numRuns: 10_000 },
    );
    // None at all, one after the other, and all that there are.
    expect([...longest.keys()].sort()).toEqual([0, 1, 2, 3]);
  });
});

const OUT_OF_MEMORY_AGAIN: Exhausted['trouble'] = { engine: 0, cause: 'oom_at_load', failures: 2 };

function profileNamed(name: string, fallbacks: string[]): Profile {
  return { name, aliases: [], defaults: {}, fallbacks, engines: [{ model: name }] };
}

function fallbacksAmong(profiles: readonly Profile[]): FallbackProfiles {
  const find = (name: string): Profile => {
    const found = profiles.find((profile) => profile.name === name);
    if (found === undefined) throw new CodedError('not_found', 'no such profile');
    return found;
  };
  return new FallbackProfiles(find, { onFallback: () => undefined, onChosen: () => undefined });
}
