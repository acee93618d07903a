import { decide, type Effect, type Event, isCrashLoop, type Phase } from './restart-policy';

/** Plays the events on a held service and answers the last phase and what was done, in order. */
function play(...events: Event[]): { phase: Phase; effects: Effect[] } {
  let phase: Phase = { kind: 'held' };
  const effects: Effect[] = [];
  for (const event of events) {
    const decision = decide(phase, event);
    phase = decision.next;
    effects.push(...decision.effects);
  }
  return { phase, effects };
}

const spawn: Effect = { kind: 'spawn' };
const delay = (ms: number): Effect => ({ kind: 'delay', ms });
const released: Event = { kind: 'released' };
const delayOver: Event = { kind: 'delayOver' };
const ready = (at: number): Event => ({ kind: 'becameReady', at });
const exited = (at: number): Event => ({ kind: 'exited', at });

describe('the restart policy', () => {
  it('starts a service again at once when it dies for the first time', () => {
    expect(play(released, ready(1_000), exited(1_500)).effects).toEqual([spawn, spawn]);
  });

  it('waits longer after every death in a row, half a minute at most', () => {
    const deaths = Array.from({ length: 12 }, () => [exited(0), delayOver]).flat();
    const { effects } = play(released, ...deaths);
    const delays = effects.flatMap((effect) => (effect.kind === 'delay' ? [effect.ms] : []));
    expect(delays.slice(0, 4)).toEqual([500, 1_000, 2_000, 4_000]);
    expect(delays.at(-1)).toBe(30_000);
  });

  it('forgets earlier deaths once the service has been ready for ten seconds', () => {
    const unsteady = [released, exited(0), exited(0), delayOver, ready(1_000)] as const;
    expect(play(...unsteady, exited(10_999)).effects.at(-1)).toEqual(delay(1_000));
    expect(play(...unsteady, exited(11_000)).effects.at(-1)).toEqual(spawn);
  });

  it('calls the fourth death in a row a crash loop, until the service is ready again', () => {
    const four = [released, exited(0), exited(0), delayOver, exited(0), delayOver, exited(0)] as const;
    expect(isCrashLoop(play(...four.slice(0, -1)).phase)).toBe(false);
    expect(isCrashLoop(play(...four).phase)).toBe(true);
    expect(isCrashLoop(play(...four, delayOver, ready(5)).phase)).toBe(false);
  });

  it('starts a service once, however often it is released', () => {
    expect(play(released, released, delayOver).effects).toEqual([spawn]);
  });
});
