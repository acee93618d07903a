import type { components } from '../../api/schema';

export type UsageGroup = components['schemas']['UsageGroup'];
export type Outcome = components['schemas']['Outcome'];

export const GROUPS = ['day', 'user', 'key', 'model'] as const satisfies readonly UsageGroup[];
export const OUTCOMES = [
  'completed',
  'client_cancelled',
  'deadline',
  'upstream_truncated',
  'interrupted',
  'rejected',
  'error',
] as const satisfies readonly Outcome[];
export const METRICS = ['tokens', 'requests', 'errors'] as const;
export type Metric = (typeof METRICS)[number];

/** What the page shows, all of it in its address. Days are of UTC, as the ledger counts them; both are included. */
export interface UsageView {
  by: UsageGroup;
  metric: Metric;
  from: string;
  to: string;
  user: string | null;
  key: string | null;
  model: string | null;
  outcome: Outcome | null;
}

const DEFAULT_DAYS = 30;
const DAY_MS = 24 * 60 * 60 * 1_000;

export const dayOf = (date: Date): string => date.toISOString().slice(0, 10);

/** `to` and the days before it: `days` of them. */
export function daysUntil(to: Date, days: number): { from: string; to: string } {
  return { from: dayOf(new Date(to.getTime() - (days - 1) * DAY_MS)), to: dayOf(to) };
}

/** What an address asks for; whatever makes no sense is as if it were not there. */
export function readView(address: URLSearchParams, now: Date): UsageView {
  const usual = daysUntil(now, DEFAULT_DAYS);
  const [from, to] = [readDay(address.get('from')) ?? usual.from, readDay(address.get('to')) ?? usual.to];
  return {
    by: oneOf(GROUPS, address.get('by')) ?? 'day',
    metric: oneOf(METRICS, address.get('metric')) ?? 'tokens',
    ...(from <= to ? { from, to } : { from: to, to: from }),
    user: address.get('user'),
    key: address.get('key'),
    model: address.get('model'),
    outcome: oneOf(OUTCOMES, address.get('outcome')),
  };
}

/** The address with a change; null takes a filter away. */
export function changeView(
  address: URLSearchParams,
  change: Partial<Record<keyof UsageView, string | null>>,
): URLSearchParams {
  const next = new URLSearchParams(address);
  for (const [name, value] of Object.entries(change)) {
    if (value === null || value === '') next.delete(name);
    else next.set(name, value);
  }
  return next;
}

/** The filters as the API takes them. */
export function filterOf({ from, to, user, key, model, outcome }: UsageView) {
  return {
    from,
    to,
    ...(user === null ? {} : { user }),
    ...(key === null ? {} : { key }),
    ...(model === null ? {} : { model }),
    ...(outcome === null ? {} : { outcome }),
  };
}

/** Every day of a range, in order: a day on which nothing was asked belongs into a chart too. */
export function daysBetween(from: string, to: string): string[] {
  const days: string[] = [];
  for (let at = Date.parse(from); at <= Date.parse(to); at += DAY_MS) days.push(dayOf(new Date(at)));
  return days;
}

function oneOf<T extends string>(all: readonly T[], value: string | null): T | null {
  return all.find((one) => one === value) ?? null;
}

function readDay(value: string | null): string | null {
  if (value === null || !/^\d{4}-\d{2}-\d{2}$/.test(value)) return null;
  const date = new Date(value);
  return Number.isNaN(date.getTime()) || dayOf(date) !== value ? null : value;
}
