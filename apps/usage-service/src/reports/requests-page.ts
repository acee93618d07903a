import { CodedError } from '#contracts/errors';
import type { UsageRequestsQuery } from '#contracts/usage-queries';
import { z } from 'zod';
import { filterShape, parseQuery } from './usage-filter';

/** A place in the ledger: the row that was read last. */
export interface Place {
  /** ISO 8601. */
  createdAt: string;
  requestId: string;
}

const querySchema: z.ZodType<UsageRequestsQuery> = z.object({
  ...filterShape,
  cursor: z.string().max(1_000).nullable(),
  limit: z.int().min(1).max(200),
});

const placeSchema = z.tuple([z.iso.datetime(), z.string()]);

/** @throws CodedError `invalid_value` */
export function readQuery(query: unknown): UsageRequestsQuery & { after: Place | null } {
  const wanted = parseQuery(querySchema, query);
  return { ...wanted, after: wanted.cursor === null ? null : placeOf(wanted.cursor) };
}

export function cursorOf(place: Place): string {
  return Buffer.from(JSON.stringify([place.createdAt, place.requestId])).toString('base64url');
}

function placeOf(cursor: string): Place {
  try {
    const [createdAt, requestId] = placeSchema.parse(JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8')));
    // Postgres' text holds no NUL, so this is no row's id.
    if (requestId.includes('\0')) throw new Error('NUL in an id');
    return { createdAt, requestId };
  } catch (cause) {
    throw new CodedError('invalid_value', "Invalid 'cursor': take it from `nextCursor` of this list.", {
      param: 'cursor',
      cause,
    });
  }
}
