import fc from 'fast-check';
import type { UsageEvent } from '#contracts/usage';
import { later, mergeEvents, rowOf, type LedgerRow } from './merge-events';

const facts = (requestId: string): Omit<Extract<UsageEvent, { kind: 'started' }>, 'kind'> => ({
  requestId,
  owner: 'chat-1',
  createdAt: 1_700_000_000_000,
  userId: 'u1',
  userEmail: 'a@example.com',
  keyId: null,
  endpoint: '/v1/chat/completions',
  model: 'm',
  profile: 'p',
  ctxLen: 8192,
  stream: true,
  choices: 1,
  engineLife: null,
});
const counted = (outputTokens: number) =>
  ({ inputTokens: 9, cachedTokens: 0, outputTokens, reasoningTokens: 0, countMethod: 'counted' }) as const;
const times = { queueMs: 0, ttftMs: 12, latencyMs: 345 };
const started = (id: string): UsageEvent => ({ kind: 'started', ...facts(id) });
const checkpoint = (id: string, tokens: number): UsageEvent => ({
  kind: 'checkpoint',
  ...facts(id),
  ...counted(tokens),
  ...times,
});
const finished = (id: string, tokens: number): UsageEvent => ({
  kind: 'finished',
  ...facts(id),
  ...counted(tokens),
  countMethod: 'exact',
  ...times,
  statusCode: 200,
  outcome: 'completed',
  errorCode: null,
});

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

  it('keeps requests apart', () => {
    const rows = mergeEvents([started('r1'), finished('r2', 5), started('r2'), checkpoint('r1', 3)]);
    expect(rows.map(({ requestId, state }) => [requestId, state])).toEqual([
      ['r1', 'checkpoint'],
      ['r2', 'finished'],
    ]);
  });
});
