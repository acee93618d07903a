import fc from 'fast-check';
import type { UsageEvent } from '#contracts/usage';
import { usageEvent } from '../testing/usage-event';
import { later, mergeEvents, rowOf, type LedgerRow } from './merge-events';

const started = (id: string): UsageEvent => usageEvent('started', id);
const checkpoint = (id: string, tokens: number): UsageEvent => usageEvent('checkpoint', id, tokens);
const finished = (id: string, tokens: number): UsageEvent => usageEvent('finished', id, tokens);

const life = (id: string): UsageEvent[] => [started(id), checkpoint(id, 10), checkpoint(id, 20), finished(id, 25)];

describe('the accounting of usage events', () => {
  it('knows of a request that has only started what was known when it started', () => {
    expect(mergeEvents([started('r1')])).toEqual([
      expect.objectContaining({ state: 'started', model: 'm', outputTokens: null, outcome: null, statusCode: null }),
    ]);
  });

  it('makes one and the same row of the events of a request, in any order and however often they come', () => {
    const events = fc.shuffledSubarray([...life('r1'), ...life('r1')], { minLength: 1 });
    fc.assert(
      fc.property(events, (seen) => {
        const [row, ...others] = mergeEvents(seen);
        const furthest = life('r1').findLast((event) =>
          seen.some((other) => JSON.stringify(other) === JSON.stringify(event)),
        );
        expect(others).toEqual([]);
        expect(row).toEqual(rowOf(furthest!));
      }),
    );
  });

  it('comes to the same row when the events arrive in several batches', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray([...life('r1'), ...life('r1')], { minLength: 2 }), fc.nat(), (seen, cut) => {
        const at = 1 + (cut % (seen.length - 1));
        const [before] = mergeEvents(seen.slice(0, at));
        const [after] = mergeEvents(seen.slice(at));
        expect(later(before as LedgerRow, after as LedgerRow)).toEqual(mergeEvents(seen)[0]);
      }),
    );
  });

  it('takes the end that never came to its client for none, whichever of the two is heard first', () => {
    const lost: UsageEvent = { ...usageEvent('finished', 'r1', 25), outcome: 'interrupted' } as UsageEvent;
    fc.assert(
      fc.property(fc.shuffledSubarray([...life('r1'), ...life('r1'), lost], { minLength: 9 }), (seen) => {
        expect(mergeEvents(seen)).toEqual([rowOf(lost)]);
      }),
    );
  });

  it('keeps requests apart', () => {
    const rows = mergeEvents([started('r1'), finished('r2', 5), started('r2'), checkpoint('r1', 3)]);
    expect(rows.map(({ requestId, state }) => [requestId, state])).toEqual([
      ['r1', 'checkpoint'],
      ['r2', 'finished'],
    ]);
  });
});
