export type Age = 'today' | 'yesterday' | 'week' | 'month' | 'older';

const DAY_MS = 24 * 60 * 60 * 1_000;
const GROUPS: readonly (readonly [Age, number])[] = [
  ['today', 0],
  ['yesterday', 1],
  ['week', 7],
  ['month', 30],
  ['older', Infinity],
];

/** Groups what is sorted by `updatedAt` into calendar days of the reader, keeping the order; empty groups are left out. */
export function groupByAge<T extends { updatedAt: string }>(
  items: readonly T[],
  now: Date,
): { age: Age; items: T[] }[] {
  const midnight = new Date(now.getFullYear(), now.getMonth(), now.getDate()).getTime();
  const groups = new Map<Age, T[]>();
  for (const item of items) {
    const days = Math.ceil((midnight - new Date(item.updatedAt).getTime()) / DAY_MS);
    const age = GROUPS.find(([, limit]) => days <= limit)?.[0] ?? 'older';
    groups.set(age, [...(groups.get(age) ?? []), item]);
  }
  return GROUPS.flatMap(([age]) => {
    const found = groups.get(age);
    return found === undefined ? [] : [{ age, items: found }];
  });
}
