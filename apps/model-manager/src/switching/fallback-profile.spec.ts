import { CodedError } from '#contracts/errors';
import type { Switch } from '#contracts/switching';
import type { Profile } from '../profiles/profile';
import { FallbackProfiles, triedWith } from './fallback-profile';

const profile = (name: string, ...fallbacks: string[]): Profile => ({
  name,
  aliases: [],
  defaults: {},
  fallbacks,
  engines: [{ model: name }],
});
const ended = (over: Partial<Switch>): Switch =>
  ({ from: 'a', to: 'b', requestedBy: null, outcome: 'ready', ...over }) as Switch;

function among(...profiles: Profile[]): { fallbacks: FallbackProfiles; told: string[] } {
  const told: string[] = [];
  const find = (name: string): Profile => {
    const found = profiles.find((one) => one.name === name);
    if (found === undefined) throw new CodedError('not_found', 'no such profile');
    return found;
  };
  const news = { onFallback: (message: string) => told.push(message), onChosen: () => told.push('chosen') };
  const fallbacks = new FallbackProfiles(find, news);
  fallbacks.note({ profile: 'a', trouble: { engine: 0, cause: 'crashed', failures: 6 }, reason: 'It crashed.' });
  return { fallbacks, told };
}

describe('the fallback of a profile that does not come up any more', () => {
  it('is the first that there is and that has not been tried', () => {
    const a = profile('a', 'gone', 'b', 'c');
    const { fallbacks } = among(a, profile('b'), profile('c'));
    expect(fallbacks.next(a, [])?.profile.name).toBe('b');
    expect(fallbacks.next(a, ['b'])?.profile.name).toBe('c');
    expect(fallbacks.next(a, triedWith(['b'], 'a', 'c'))).toBeNull();
  });

  it('is never itself, and never asked for while another profile is in force or nothing has failed', () => {
    const a = profile('a', 'a');
    const { fallbacks } = among(a, profile('b', 'a'));
    expect(fallbacks.next(a, [])).toBeNull();
    expect(fallbacks.next(profile('b', 'a'), [])).toBeNull();
    const b = profile('a', 'b');
    expect(fallbacks.next(b, [])).not.toBeNull();
    fallbacks.forget();
    expect(fallbacks.next(b, [])).toBeNull();
  });

  it('is told of, with the reason, until somebody chooses a profile', () => {
    const a = profile('a', 'b');
    const { fallbacks, told } = among(a, profile('b'));
    const next = fallbacks.next(a, []);
    if (next !== null) fallbacks.begun(next);
    fallbacks.over(ended({}));
    fallbacks.over(ended({ outcome: 'rolled_back' }));
    fallbacks.over(ended({ requestedBy: 'admin', outcome: 'rolled_back' }));
    fallbacks.over(ended({ requestedBy: 'admin' }));
    expect(told).toEqual([
      'a does not come up any more, so Tandem switches to its fallback b. It crashed.',
      expect.stringMatching(/^b is in force: a, .* Switch back when that is mended. It crashed.$/),
      expect.stringMatching(/^a does not come up any more, .* b ended as rolled_back. It crashed.$/),
      'chosen',
    ]);
  });
});
