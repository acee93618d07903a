import type { RequestEnding, RequestFacts, TokenCounts, UsageEvent } from '#contracts/usage';

/** A row as far as it is known. The order of states is the order of a request's life. */
export type LedgerRow = RequestFacts & { state: UsageEvent['kind']; owner: string } & Nullable<TokenCounts> &
  Nullable<RequestEnding>;

type Nullable<T> = { [Key in keyof T]: T[Key] | null };

const RANK: Record<UsageEvent['kind'], number> = { started: 0, checkpoint: 1, finished: 2 };

const NOTHING_COUNTED: Nullable<TokenCounts> = {
  inputTokens: null,
  cachedTokens: null,
  outputTokens: null,
  reasoningTokens: null,
  countMethod: null,
};

const NOT_ENDED: Nullable<Omit<RequestEnding, keyof TokenCounts>> = {
  queueMs: null,
  ttftMs: null,
  latencyMs: null,
  statusCode: null,
  outcome: null,
  errorCode: null,
};

/** One row a request, whatever the order and number of its events. */
export function mergeEvents(events: readonly UsageEvent[]): LedgerRow[] {
  const rows = new Map<string, LedgerRow>();
  for (const event of events) {
    const row = rowOf(event);
    const known = rows.get(row.requestId);
    rows.set(row.requestId, known === undefined ? row : later(known, row));
  }
  return [...rows.values()];
}

export function rowOf({ kind, ...known }: UsageEvent): LedgerRow {
  return { ...NOTHING_COUNTED, ...NOT_ENDED, ...known, state: kind };
}

/**
 * The one of two rows of the same request that is further in its life; of two checkpoints the one with more tokens; of two
 * ends the one that says that the answer was interrupted, since the other never came to its client; else the first.
 * `UPSERT` (ledger-sql.ts) says the same in SQL.
 */
export function later(first: LedgerRow, second: LedgerRow): LedgerRow {
  if (RANK[second.state] !== RANK[first.state]) return RANK[second.state] > RANK[first.state] ? second : first;
  if (first.state === 'finished')
    return second.outcome === 'interrupted' && first.outcome !== 'interrupted' ? second : first;
  if (first.state !== 'checkpoint') return first;
  return (second.outputTokens ?? 0) > (first.outputTokens ?? 0) ? second : first;
}
