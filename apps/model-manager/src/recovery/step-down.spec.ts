import type { FailureCause } from '../engines/failures';
import type { Fallback } from '../profiles/fallback';
import type { Profile } from '../profiles/profile';
import { stepDown } from './step-down';

const profileWith = (...fallbacks: Fallback[]): Profile => ({
  name: 'p',
  aliases: [],
  defaults: {},
  fallbacks,
  engines: [{ model: 'm', maxModelLen: 8_192, gpuMemoryUtilization: 0.9 }],
});
const after = (profile: Profile, cause: FailureCause, failures = 1, refused: string[] = []) =>
  stepDown(profile, { engine: 0, cause, failures }, new Set(refused));

describe('an engine without enough memory', () => {
  const shorter = { maxModelLen: 4_096 };
  const smaller = { gpuMemoryUtilization: 0.8 };
  const fewer = { maxNumSeqs: 32 };

  it('takes the first fallback that can help, put over its settings', () => {
    expect(after(profileWith(shorter, smaller, 'other'), 'oom_at_load')).toEqual({
      kind: 'settings',
      change: 'maxModelLen: 4096',
      profile: {
        ...profileWith(shorter, smaller, 'other'),
        engines: [{ model: 'm', maxModelLen: 4_096, gpuMemoryUtilization: 0.9 }],
      },
    });
  });

  it('goes down step by step, each on top of those before, and never up again', () => {
    let profile = profileWith(shorter, { maxModelLen: 6_144 }, smaller, fewer);
    const changes: string[] = [];
    for (
      let step = after(profile, 'oom_while_running');
      step?.kind === 'settings';
      step = after(profile, 'oom_while_running')
    ) {
      changes.push(step.change);
      profile = step.profile;
    }
    expect(changes).toEqual(['maxModelLen: 4096', 'gpuMemoryUtilization: 0.8', 'maxNumSeqs: 32']);
    expect(profile.engines[0]).toMatchObject({ ...shorter, ...smaller, ...fewer });
  });

  it('does not make the budget smaller where the cache does not fit into it', () => {
    expect(after(profileWith(smaller, shorter), 'kv_cache_too_small')).toMatchObject({ change: 'maxModelLen: 4096' });
    expect(after(profileWith(smaller), 'kv_cache_too_small')).toBeNull();
  });

  it('makes the budget smaller where others hold memory, and not at once', () => {
    expect(after(profileWith(shorter, smaller), 'gpu_memory_taken')).toBeNull();
    expect(after(profileWith(shorter, smaller), 'gpu_memory_taken', 2)).toMatchObject({
      change: 'gpuMemoryUtilization: 0.8',
    });
  });

  it('changes to another profile last, and only when a restart did not help', () => {
    expect(after(profileWith('other'), 'oom_while_running')).toBeNull();
    expect(after(profileWith('other'), 'oom_while_running', 2)).toEqual({ kind: 'profile', name: 'other' });
    expect(after(profileWith('other', 'third'), 'oom_at_load', 3, ['other'])).toEqual({
      kind: 'profile',
      name: 'third',
    });
    expect(after(profileWith('other'), 'oom_at_load', 9, ['other'])).toBeNull();
  });

  it.each(['nccl_error', 'hung', 'crashed', 'out_of_disk'] as const)(
    'is another thing than %s, which no smaller engine mends',
    (cause) => {
      expect(after(profileWith(shorter, 'other'), cause, 5)).toBeNull();
    },
  );

  it.each(['nccl_error', 'hung', 'crashed', 'oom_at_load'] as const)(
    'or any other that is a crash loop by %s has another profile take over, whatever settings are left',
    (cause) => {
      expect(after(profileWith(shorter, 'other', 'third'), cause, 6)).toEqual({ kind: 'profile', name: 'other' });
      expect(after(profileWith(shorter, 'other'), cause, 6, ['other'])).toBeNull();
      expect(after(profileWith(shorter), cause, 6)).toBeNull();
    },
  );

  it('is not replaced for what somebody else has to mend', () => {
    expect(after(profileWith('other'), 'out_of_disk', 9)).toBeNull();
    expect(after(profileWith('other'), 'port_in_use', 9)).toBeNull();
  });

  it('leaves a step alone that changes nothing', () => {
    expect(after(profileWith({ maxModelLen: 8_192 }), 'oom_at_load')).toBeNull();
  });

  it('steps down alone of several engines of its profile', () => {
    const two: Profile = { ...profileWith(shorter), engines: [{ model: 'm' }, { model: 'm' }] };
    const step = stepDown(two, { engine: 1, cause: 'oom_at_load', failures: 1 }, new Set());
    expect(step).toMatchObject({
      kind: 'settings',
      profile: { engines: [{ model: 'm' }, { model: 'm', ...shorter }] },
    });
  });
});
