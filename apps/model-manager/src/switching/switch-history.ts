import { CodedError } from '#contracts/errors';
import type { Switch, SwitchListQuery, SwitchPage } from '#contracts/switching';

/** A switch a day for half a year; older ones are forgotten. */
export const KEPT_SWITCHES = 200;

/** All switches that are remembered, newest first. */
export class SwitchHistory {
  private items: Switch[] = [];

  /** @returns ids that are forgotten for it. */
  put(one: Switch): string[] {
    const others = this.items.filter(({ id }) => id !== one.id);
    const sorted = [...others, one].sort(newestFirst);
    this.items = sorted.slice(0, KEPT_SWITCHES);
    return sorted.slice(KEPT_SWITCHES).map(({ id }) => id);
  }

  /** @throws CodedError `not_found` */
  get(id: string): Switch {
    const found = this.items.find((one) => one.id === id);
    if (found === undefined) throw new CodedError('not_found', 'There is no switch with this id.');
    return found;
  }

  /** @throws CodedError `invalid_value` for a cursor that no list of ours gave. */
  page({ cursor, limit }: SwitchListQuery): SwitchPage {
    const start = cursor === null ? 0 : this.items.findIndex(({ id }) => id === cursor) + 1;
    if (cursor !== null && start === 0)
      throw new CodedError('invalid_value', "Invalid 'cursor': take it from `nextCursor` of a list.", {
        param: 'cursor',
      });
    const items = this.items.slice(start, start + limit);
    const last = items.at(-1);
    return { items, nextCursor: start + limit < this.items.length && last !== undefined ? last.id : null };
  }
}

function newestFirst(one: Switch, other: Switch): number {
  return other.startedAt.localeCompare(one.startedAt) || other.id.localeCompare(one.id);
}
