import type { UsageFilter } from '#contracts/usage-queries';

const DAY_MS = 86_400_000;

/** Up to this long a range is read from the rows, with exact percentiles: at 10 million rows a month, 650,000 of them. */
export const EXACT_RANGE_MS = 2 * DAY_MS;

/** A range of time as a summary reads it, all in ISO 8601. */
export interface SummaryRange {
  from: string;
  to: string;
  /** The whole days of UTC within: `firstDay` to before `endDay`. None where they are the same. */
  firstDay: string;
  endDay: string;
}

/** The years that Postgres, JavaScript and the ledger all know. */
const EARLIEST = '0001-01-01T00:00:00.000Z';
const LATEST = '9999-12-31T00:00:00.000Z';

export function isShort({ from, to }: UsageFilter): boolean {
  return from !== null && to !== null && Date.parse(to) - Date.parse(from) <= EXACT_RANGE_MS;
}

/** Splits a range into whole days, which rollups may answer, and what lies before and after them. */
export function summaryRange(filter: Pick<UsageFilter, 'from' | 'to'>): SummaryRange {
  const [from, to] = [filter.from ?? EARLIEST, filter.to ?? LATEST];
  const firstMs = Math.ceil(Date.parse(from) / DAY_MS) * DAY_MS;
  const endMs = Math.floor(Date.parse(to) / DAY_MS) * DAY_MS;
  return { from, to, firstDay: isoDay(firstMs), endDay: isoDay(Math.max(firstMs, endMs)) };
}

function isoDay(epochMs: number): string {
  return new Date(epochMs).toISOString().slice(0, 'YYYY-MM-DD'.length);
}
