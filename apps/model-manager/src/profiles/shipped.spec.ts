import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { checkProfile, type FitContext } from '../fit/check-profile';
import { ModelFacts } from './model-facts';
import { stepDown } from '../recovery/step-down';
import type { Profile } from './profile';
import { ProfileStore } from './profile-store';

const ROOT = join(__dirname, '../../../..');
const quiet = { log: () => undefined, warn: () => undefined };
const store = new ProfileStore(join(ROOT, 'profiles'), quiet);
const facts = new ModelFacts(join(ROOT, 'models'));

/** Two idle RTX 3090, the second without a desktop. */
const host: FitContext = {
  hardware: {
    gpus: [0, 1].map((index) => ({
      index,
      uuid: null,
      name: 'NVIDIA GeForce RTX 3090',
      totalMib: 24_576,
      freeMib: null,
      computeCapability: 8.6,
    })),
  },
  lookup: (id) => facts.find(id),
  siblings: (id) => facts.siblings(id),
  measured: () => null,
};

describe('the profiles that come with Tandem', () => {
  const shipped = store.list();

  it('are as many as the files, and none is refused', () => {
    const files = readdirSync(join(ROOT, 'profiles')).filter((name) => name.endsWith('.yaml'));
    expect(store.refused()).toEqual([]);
    expect(shipped.map(({ name }) => `${name}.yaml`).sort()).toEqual(files.sort());
    expect(shipped.length).toBeGreaterThanOrEqual(12);
  });

  it.each(shipped.map((profile) => [profile.name, profile] as const))('%s fits two idle RTX 3090', (_name, profile) => {
    const fit = checkProfile(profile, host);
    expect(fit.reason).not.toBe('');
    expect(fit.verdict).toBe('fits');
    expect(fit.kvCacheTokens[0]).toBeGreaterThan(fit.maxModelLen);
  });

  it.each(shipped.map((profile) => [profile.name, profile] as const))(
    '%s says for whom it is, and falls back on others',
    (_name, profile: Profile) => {
      expect(profile.description ?? '').toMatch(/^(The default: )?[Ff]or /);
      for (const fallback of profile.fallbacks)
        if (typeof fallback === 'string') expect(shipped.map((other) => other.name)).toContain(fallback);
    },
  );

  it.each(shipped.map((profile) => [profile.name, profile] as const))(
    '%s still fits after each step down its fallbacks',
    (_name, profile: Profile) => {
      let stepped = profile;
      for (;;) {
        const step = stepDown(stepped, { engine: 0, cause: 'oom_while_running', failures: 1 }, new Set());
        if (step?.kind !== 'settings') break;
        expect(checkProfile(step.profile, host).verdict).toBe('fits');
        stepped = step.profile;
      }
    },
  );
});
