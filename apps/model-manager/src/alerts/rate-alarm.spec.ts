import { RateAlarm, type RateChange } from './rate-alarm';
import { RateWindow } from './rate-window';

const MINUTE = 60_000;
const FIVE = 5 * MINUTE;

describe('a sliding window', () => {
  it('counts what the last five minutes saw, and forgets it then', () => {
    const window = new RateWindow(FIVE);
    window.add(0);
    window.add(100);
    window.add(FIVE - 1);
    expect(window.count(FIVE - 1)).toBe(3);
    expect(window.count(FIVE + 999)).toBe(3); // a second is its grain: nothing is forgotten early
    expect(window.count(FIVE + 1_000)).toBe(1);
    expect(window.count(3 * FIVE)).toBe(0);
  });

  it('holds a flood in the memory of one entry a second', () => {
    const window = new RateWindow(FIVE);
    for (let event = 0; event < 1_000_000; event += 1) window.add(event / 1_000);
    expect(window.count(1_000)).toBe(1_000_000);
  });
});

describe('an alarm', () => {
  const rule = { threshold: 10, windowMs: FIVE, coolDownMs: 10 * MINUTE };
  const began = (count: number): RateChange => ({ kind: 'began', count });
  const ended: RateChange = { kind: 'ended' };

  it('begins with the tenth line within five minutes, once', () => {
    const alarm = new RateAlarm(rule);
    for (let line = 0; line < 9; line += 1) expect(alarm.seen(line * 1_000)).toBeNull();
    expect(alarm.seen(9_000)).toEqual(began(10));
    for (let line = 0; line < 1_000; line += 1) expect(alarm.seen(10_000 + line)).toBeNull();
  });

  it('does not begin with ten lines that are spread over more', () => {
    const alarm = new RateAlarm(rule);
    for (let line = 0; line < 100; line += 1) expect(alarm.seen(line * 40_000)).toBeNull();
  });

  it('ends when the window holds fewer again', () => {
    const alarm = new RateAlarm(rule);
    alarm.seen(0, 10);
    expect(alarm.look(FIVE)).toBeNull();
    expect(alarm.look(FIVE + 1_000)).toEqual(ended);
    expect(alarm.look(FIVE + 2_000)).toBeNull();
  });

  it('begins again only after its cool-down, and then also for what came meanwhile', () => {
    const alarm = new RateAlarm(rule);
    alarm.seen(0, 10);
    const end = FIVE + 1_000;
    alarm.look(end);
    const over = end + rule.coolDownMs;
    expect(alarm.seen(over - MINUTE, 50)).toBeNull();
    expect(alarm.look(over - 1)).toBeNull();
    expect(alarm.look(over)).toEqual(began(50));
  });

  it('begins at the first of what must never happen', () => {
    const alarm = new RateAlarm({ ...rule, threshold: 1 });
    expect(alarm.look(0)).toBeNull();
    expect(alarm.seen(1)).toEqual(began(1));
  });

  it('that was on at a restart ends when the window is over, and begins anew only after the cool-down', () => {
    const alarm = new RateAlarm(rule);
    alarm.resumeOn(1_000, 3);
    expect(alarm.look(1_000)).toBeNull();
    expect(alarm.look(1_000 + rule.windowMs)).toBeNull();
    expect(alarm.look(3_000 + rule.windowMs)).toEqual({ kind: 'ended' });
    expect(alarm.seen(4_000 + rule.windowMs, 100)).toBeNull();
  });

  it('that had ended before a restart keeps to the rest of its cool-down', () => {
    const alarm = new RateAlarm(rule);
    alarm.resumeQuiet(1_000, rule.coolDownMs - 5_000);
    expect(alarm.seen(5_000, 100)).toBeNull();
    expect(alarm.look(6_000)).toEqual(began(100));
  });
});
