import { describe, expect, it } from 'vitest';
import { durationMs, lastTimeMs, phaseSteps, type Switch } from './phase-steps';

const SWITCH: Switch = {
  id: '1',
  from: 'a',
  to: 'b',
  state: 'starting',
  mode: 'replace',
  requestedBy: null,
  startedAt: '2026-11-21T10:00:00.000Z',
  endedAt: null,
  outcome: null,
  failure: null,
  phases: [
    { name: 'validating', ms: 20 },
    { name: 'draining', ms: 900 },
    { name: 'stopping', ms: 400 },
  ],
  progress: null,
  benchmark: null,
};
const marks = (change: Partial<Switch>): string[] =>
  phaseSteps({ ...SWITCH, ...change }).map(({ name, mark }) => `${name} ${mark}`);

describe('the steps of a switch', () => {
  it('are those that are over, the present one, and those to come', () => {
    expect(marks({})).toEqual([
      'validating done',
      'draining done',
      'stopping done',
      'starting now',
      'warming_up next',
      'benchmarking next',
    ]);
  });

  it('name the present one once, where its time so far is told', () => {
    const steps = phaseSteps({ ...SWITCH, phases: [...SWITCH.phases, { name: 'starting', ms: 1_500 }] });
    expect(steps.filter(({ name }) => name === 'starting')).toEqual([{ name: 'starting', mark: 'now', ms: 1_500 }]);
  });

  it('hand over where both run side by side', () => {
    const steps = marks({ mode: 'side_by_side', phases: [{ name: 'validating', ms: 20 }] });
    expect(steps).toContain('handing_over next');
    expect(steps).not.toContain('draining next');
  });

  it('show where it broke, and nothing to come, while it is rolled back', () => {
    const phases = [...SWITCH.phases, { name: 'starting' as const, ms: 3_000 }];
    expect(marks({ state: 'rolling_back', phases }).slice(3)).toEqual(['starting broken', 'rolling_back now']);
  });

  it('end with what was done', () => {
    const phases = [
      ...SWITCH.phases,
      { name: 'starting' as const, ms: 3_000 },
      { name: 'rolling_back' as const, ms: 5_000 },
    ];
    expect(marks({ state: 'rolled_back', outcome: 'rolled_back', phases }).slice(3)).toEqual([
      'starting broken',
      'rolling_back done',
    ]);
    expect(marks({ state: 'ready', outcome: 'ready' })).toEqual(['validating done', 'draining done', 'stopping done']);
  });
});

describe('how long a switch takes', () => {
  const ended = { ...SWITCH, outcome: 'ready' as const, endedAt: '2026-11-21T10:01:00.000Z' };

  it('counts to its end, or until now', () => {
    expect(durationMs(ended, 0)).toBe(60_000);
    expect(durationMs(SWITCH, Date.parse('2026-11-21T10:00:05Z'))).toBe(5_000);
  });

  it('is told from the last time it went well, without the benchmark, which nobody waits for', () => {
    const measured = { ...ended, phases: [{ name: 'benchmarking' as const, ms: 20_000 }] };
    const failed = { ...ended, outcome: 'rolled_back' as const };
    expect(lastTimeMs([failed, measured, ended], 'b')).toBe(40_000);
    expect(lastTimeMs([failed], 'b')).toBeNull();
  });
});
