import type { UsageRequestsQuery } from '#contracts/usage-queries';
import { z } from 'zod';
import { placeOf, type Place } from './place';
import { filterShape, parseQuery } from './usage-filter';

const querySchema: z.ZodType<UsageRequestsQuery> = z.object({
  ...filterShape,
  cursor: z.string().max(1_000).nullable(),
  limit: z.int().min(1).max(200),
});

/** @throws CodedError `invalid_value` */
export function readQuery(query: unknown): UsageRequestsQuery & { after: Place | null } {
  const wanted = parseQuery(querySchema, query);
  return { ...wanted, after: wanted.cursor === null ? null : placeOf(wanted.cursor) };
}
