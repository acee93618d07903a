/** Where an engine goes from an OOM: along the fallbacks of its profile, in their order. Pure. */
import { retryOf, type FailureCause } from '../engines/failures';
import { CRASH_LOOP_FAILURES } from '../engines/retry-delay';
import { describeFallback, type SettingsStep } from '../profiles/fallback';
import type { EngineSettings, Profile } from '../profiles/profile';

/** Failures that less memory can mend, and the settings that can mend them; null: any. */
const MENDED_BY: Readonly<Record<string, readonly (keyof SettingsStep)[] | null | undefined>> = {
  oom_at_load: null,
  oom_at_graphs: null,
  oom_while_running: null,
  // vLLM asks for the whole budget at once: only a smaller one helps.
  gpu_memory_taken: ['gpuMemoryUtilization', 'kvCacheMemoryBytes'],
  // The budget is too small already.
  kv_cache_too_small: ['maxModelLen', 'maxNumSeqs', 'maxNumBatchedTokens', 'kvCacheDtype', 'enforceEager'],
};

/** Others may have the memory for a moment only: a second try costs less than a smaller engine. */
const TRIES_BEFORE: Partial<Record<FailureCause, number>> = { gpu_memory_taken: 2 };
/** Another model is the last thing that users want: not after a single failure. */
const TRIES_BEFORE_PROFILE = 2;

export type StepDown =
  /** `profile` is the same one with the change in it. */
  { kind: 'settings'; profile: Profile; change: string } | { kind: 'profile'; name: string };

export interface EngineTrouble {
  /** Which of the profile's engines. */
  engine: number;
  cause: FailureCause;
  /** Failures in a row. */
  failures: number;
}

/** What to do about it; null: what is done anyway, a restart. `refused` are profiles that were tried in vain. */
export function stepDown(profile: Profile, trouble: EngineTrouble, refused: ReadonlySet<string>): StepDown | null {
  if (isCrashLoop(trouble)) {
    const name = profile.fallbacks.find((one) => typeof one === 'string' && !refused.has(one));
    return typeof name === 'string' ? { kind: 'profile', name } : null;
  }
  const { engine, cause, failures } = trouble;
  const mendedBy = MENDED_BY[cause];
  const settings = profile.engines[engine];
  if (mendedBy === undefined || settings === undefined || failures < (TRIES_BEFORE[cause] ?? 1)) return null;
  const fallback = profile.fallbacks.find((one) =>
    typeof one === 'string' ? !refused.has(one) : helps(one, settings, mendedBy),
  );
  if (fallback === undefined) return null;
  if (typeof fallback === 'string') return failures < TRIES_BEFORE_PROFILE ? null : { kind: 'profile', name: fallback };
  return { kind: 'settings', profile: withStep(profile, engine, fallback), change: describeFallback(fallback) };
}

/** It is not started any more: whatever the reason is, settings of the profile have not mended it. */
function isCrashLoop({ cause, failures }: EngineTrouble): boolean {
  return retryOf(cause) === 'soon' && failures >= CRASH_LOOP_FAILURES;
}

function helps(
  step: SettingsStep,
  settings: EngineSettings,
  mendedBy: readonly (keyof SettingsStep)[] | null,
): boolean {
  const lessened = Object.keys(lessening(step, settings)) as (keyof SettingsStep)[];
  return lessened.some((name) => mendedBy === null || mendedBy.includes(name));
}

/** What of a step makes the engine smaller than it is: a step that was taken already has nothing left. */
function lessening(step: SettingsStep, settings: EngineSettings): Record<string, string | number | boolean> {
  const entries = Object.entries(step) as [string, string | number | boolean][];
  return Object.fromEntries(entries.filter(([name, value]) => isLess(value, settings[name])));
}

function isLess(value: unknown, now: unknown): boolean {
  if (typeof value === 'number' && typeof now === 'number') return value < now;
  // `8k` and `auto` as well: how much they are is not known here, and a number is what the step was written for.
  if (typeof value === 'number') return true;
  return typeof value === 'boolean' ? value !== now : now === undefined || now === 'auto';
}

function withStep(profile: Profile, engine: number, step: SettingsStep): Profile {
  const engines = profile.engines.map((settings, index) =>
    index === engine ? { ...settings, ...lessening(step, settings) } : settings,
  );
  return { ...profile, engines };
}
