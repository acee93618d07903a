import { randomBytes } from 'node:crypto';
import { seal, unseal } from './sealed';

describe('a sealed secret', () => {
  const key = randomBytes(32);

  it('opens with its key and for its purpose, and is written differently each time', () => {
    const sealed = seal('sk-비밀', key, 'a');
    expect(unseal(sealed, key, 'a')).toBe('sk-비밀');
    expect(seal('sk-비밀', key, 'a')).not.toBe(sealed);
    expect(sealed).not.toContain('sk-');
  });

  it('opens with no other key, for no other purpose, and not after a change', () => {
    const sealed = seal('secret', key, 'a');
    const changed = sealed.slice(0, -2) + (sealed.endsWith('AA') ? 'BB' : 'AA');
    expect([
      unseal(sealed, randomBytes(32), 'a'),
      unseal(sealed, key, 'b'),
      unseal(changed, key, 'a'),
      unseal('', key, 'a'),
      unseal('v1.a.b.c', key, 'a'),
    ]).toEqual([null, null, null, null, null]);
  });
});
