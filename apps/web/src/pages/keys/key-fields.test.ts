import { describe, expect, it } from 'vitest';
import { readKeyForm } from './key-fields';

function formOf(fields: Record<string, string>): FormData {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.set(name, value);
  return form;
}

describe('the form of a key', () => {
  it('means no limit where it is empty, so that a limit can be taken away again', () => {
    expect(readKeyForm(formOf({ name: ' ide ', requestsPerMinute: '', monthlyTokens: '1000' }))).toEqual({
      name: 'ide',
      expiresAt: null,
      allowedModels: null,
      requestsPerMinute: null,
      tokensPerMinute: null,
      concurrentRequests: null,
      monthlyTokens: 1_000,
      codeChunkChars: null,
      codeChunkDelayMs: null,
    });
  });

  it('lets a key work until its last day is over where its owner lives', () => {
    const { expiresAt } = readKeyForm(formOf({ name: 'ide', expiresAt: '2027-01-31' }));
    expect(new Date(expiresAt ?? '').toString()).toContain('Jan 31 2027 23:59:59');
  });

  it('takes models as people write lists', () => {
    expect(readKeyForm(formOf({ name: 'ide', allowedModels: 'a, b ,,' })).allowedModels).toEqual(['a', 'b']);
  });
});
