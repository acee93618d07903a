import { describe, expect, it } from 'vitest';
import { changeView, daysBetween, filterOf, readView } from './usage-query';

const now = new Date('2026-11-21T23:30:00Z');
const read = (query: string) => readView(new URLSearchParams(query), now);

describe('what the usage page shows', () => {
  it('is the last thirty days by day, when the address says nothing', () => {
    expect(read('')).toMatchObject({ by: 'day', metric: 'tokens', from: '2026-10-23', to: '2026-11-21', user: null });
  });

  it('stands in the address, so that a link shows the same to somebody else', () => {
    const address = changeView(new URLSearchParams('by=model&user=u1'), {
      from: '2026-11-01',
      user: null,
      outcome: 'error',
    });
    expect(address.toString()).toBe('by=model&from=2026-11-01&outcome=error');
    expect(filterOf(readView(address, now))).toEqual({ from: '2026-11-01', to: '2026-11-21', outcome: 'error' });
  });

  it('does not break on an address that somebody typed', () => {
    expect(read('by=moon&from=2026-02-31&outcome=x&metric=')).toMatchObject({
      by: 'day',
      from: '2026-10-23',
      outcome: null,
    });
    expect(read('from=2026-11-10&to=2026-11-01')).toMatchObject({ from: '2026-11-01', to: '2026-11-10' });
  });

  it('has every day of the range, over the end of a month', () => {
    expect(daysBetween('2026-10-30', '2026-11-02')).toEqual(['2026-10-30', '2026-10-31', '2026-11-01', '2026-11-02']);
  });
});
