import { isShort, summaryRange } from './summary-range';

describe('the range of a summary', () => {
  const days = (from: string | null, to: string | null): [string, string] => {
    const { firstDay, endDay } = summaryRange({ from, to });
    return [firstDay, endDay];
  };

  it('has the whole days of UTC in it', () => {
    expect(days('2026-11-01T00:00:00.000Z', '2026-12-01T00:00:00.000Z')).toEqual(['2026-11-01', '2026-12-01']);
    expect(days('2026-10-31T15:00:00.000Z', '2026-11-30T15:00:00.000Z')).toEqual(['2026-11-01', '2026-11-30']);
    expect(days('2026-11-01T00:00:00.001Z', '2026-11-02T23:59:59.999Z')).toEqual(['2026-11-02', '2026-11-02']);
  });

  it('has none where it lies within a day or over one midnight', () => {
    expect(days('2026-11-01T10:00:00.000Z', '2026-11-01T11:00:00.000Z')).toEqual(['2026-11-02', '2026-11-02']);
    expect(days('2026-11-01T10:00:00.000Z', '2026-11-02T11:00:00.000Z')).toEqual(['2026-11-02', '2026-11-02']);
  });

  it('without an end holds every day there is', () => {
    expect(days(null, null)).toEqual(['0001-01-01', '9999-12-31']);
  });

  it('is read from the rows up to two days', () => {
    const filter = { ownerId: null, user: null, key: null, model: null, outcome: null };
    const from = '2026-11-01T00:00:00.000Z';
    expect(isShort({ ...filter, from, to: '2026-11-03T00:00:00.000Z' })).toBe(true);
    expect(isShort({ ...filter, from, to: '2026-11-03T00:00:00.001Z' })).toBe(false);
    expect(isShort({ ...filter, from, to: null })).toBe(false);
  });
});
