import type { components } from '../../api/schema';
import { formatDay } from '../../ui/format';
import type { Names } from './names';
import { daysBetween, type UsageView } from './usage-query';

export type Figures = components['schemas']['UsageFiguresDto'];
type Item = components['schemas']['UsageSummaryItemDto'];

/** One line of the table and one bar of the chart. */
export interface Line {
  key: string;
  name: string;
  /** Null: nothing was asked on this day. */
  figures: Figures | null;
}

/** The groups of a summary in the words of people; of days, also those without any request. */
export function toLines(items: readonly Item[], view: Pick<UsageView, 'by' | 'from' | 'to'>, names: Names): Line[] {
  if (view.by === 'day') {
    const byDay = new Map(items.map((item) => [item.day, item]));
    return daysBetween(view.from, view.to).map((day) => ({
      key: day,
      name: formatDay(day),
      figures: byDay.get(day) ?? null,
    }));
  }
  return items.map((item) => {
    switch (view.by) {
      case 'user':
        return { key: item.userId ?? '', name: names.user(item.userId ?? '', item.userEmail), figures: item };
      case 'key':
        return { key: item.keyId ?? 'none', name: names.key(item.keyId ?? null), figures: item };
      default:
        return { key: item.model ?? '', name: item.model ?? '', figures: item };
    }
  });
}
