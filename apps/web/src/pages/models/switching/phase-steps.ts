import type { components } from '../../../api/schema';

export type Switch = components['schemas']['SwitchDto'];
export type SwitchState = components['schemas']['SwitchState'];
type SwitchMode = components['schemas']['SwitchMode'];

export interface PhaseStep {
  name: SwitchState;
  mark: 'done' | 'now' | 'next' | 'broken';
  /** How long it took, or has taken so far; null for what is still to come. */
  ms: number | null;
}

/** What a switch goes through when all is well. Side by side, the old engines run on until the new ones take over. */
const PLANS: Record<SwitchMode, readonly SwitchState[]> = {
  replace: ['validating', 'draining', 'stopping', 'starting', 'warming_up', 'benchmarking'],
  side_by_side: ['validating', 'starting', 'warming_up', 'handing_over', 'benchmarking'],
};

/** The steps of a switch: those that are over, the present one, and those that are still to come. */
export function phaseSteps({ state, mode, outcome, phases }: Switch): PhaseStep[] {
  const past = phases.filter(({ name }, index) => index < phases.length - 1 || name !== state);
  const present = phases.at(-1)?.name === state ? phases.at(-1) : undefined;
  const takenBack = state === 'rolling_back' || (outcome !== null && outcome !== 'ready');
  const lastOwn = past.findLastIndex(({ name }) => name !== 'rolling_back');
  const done = past.map(({ name, ms }, index): PhaseStep => ({
    name,
    ms,
    mark: takenBack && index === lastOwn ? 'broken' : 'done',
  }));
  if (outcome !== null) return done;
  const now: PhaseStep = { name: state, mark: 'now', ms: present?.ms ?? null };
  return [...done, now, ...(takenBack ? [] : stepsToCome(mode, state))];
}

function stepsToCome(mode: SwitchMode | null, state: SwitchState): PhaseStep[] {
  const plan = PLANS[mode ?? 'replace'];
  return plan.slice(plan.indexOf(state) + 1).map((name) => ({ name, mark: 'next', ms: null }));
}

/** Milliseconds from its beginning to its end, or until now. */
export function durationMs({ startedAt, endedAt }: Switch, nowMs: number): number {
  return Math.max(0, (endedAt === null ? nowMs : Date.parse(endedAt)) - Date.parse(startedAt));
}

/** How long a profile took the last time it became ready, in milliseconds; null when it never did. */
export function lastTimeMs(switches: readonly Switch[], profile: string): number | null {
  const last = switches.find(({ to, outcome }) => to === profile && outcome === 'ready');
  if (last === undefined) return null;
  // The benchmark comes when the new model serves already.
  const benchmark = last.phases.find(({ name }) => name === 'benchmarking')?.ms ?? 0;
  return Math.max(0, durationMs(last, 0) - benchmark);
}
