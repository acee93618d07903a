import type { Actor } from '#contracts/access';
import { CodedError } from '#contracts/errors';
import type { UsageFilter } from '#contracts/usage-queries';
import type { UsageFilterDto } from './usage.dto';

const DAY_MS = 86_400_000;
const DAY = /^\d{4}-\d\d-\d\d$/;

/** What usage-service is asked for: the caller's filter, within what the caller may see. @throws CodedError `invalid_value` */
export function usageFilter(actor: Actor, query: UsageFilterDto): UsageFilter {
  const from = query.from === undefined ? null : Date.parse(query.from);
  const to = query.to === undefined ? null : Date.parse(query.to) + (DAY.test(query.to) ? DAY_MS : 0);
  if (from !== null && to !== null && from > to)
    throw new CodedError('invalid_value', "Invalid 'to': it must not be before 'from'.", { param: 'to' });
  return {
    ownerId: actor.role === 'admin' ? null : actor.userId,
    from: isoTime(from),
    to: isoTime(to),
    user: query.user ?? null,
    key: query.key ?? null,
    model: query.model ?? null,
    outcome: query.outcome ?? null,
  };
}

function isoTime(epochMs: number | null): string | null {
  return epochMs === null ? null : new Date(epochMs).toISOString();
}
