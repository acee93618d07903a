import { CodedError } from '#contracts/errors';
import type { UsageRequestsQuery } from '#contracts/usage-queries';
import { z } from 'zod';

/** A place in the ledger: rows older than this one follow. */
export interface Place {
  createdAt: string;
  requestId: string;
}

const querySchema = z.object({
  userId: z.string().nullable(),
  cursor: z.string().max(1_000).nullable(),
  limit: z.int().min(1).max(200),
});

const placeSchema = z.tuple([z.iso.datetime(), z.string()]);

export interface ReadQuery {
  userId: string | null;
  after: Place | null;
  limit: number;
}

/** @throws CodedError `invalid_value` */
export function readQuery(query: UsageRequestsQuery): ReadQuery {
  const result = querySchema.safeParse(query);
  if (!result.success) {
    const issue = result.error.issues[0];
    throw new CodedError('invalid_value', issue?.message ?? 'The query is invalid.', {
      param: issue?.path.join('.') ?? null,
    });
  }
  const { userId, cursor, limit } = result.data;
  return { userId, after: cursor === null ? null : placeOf(cursor), limit };
}

export function cursorOf(place: Place): string {
  return Buffer.from(JSON.stringify([place.createdAt, place.requestId])).toString('base64url');
}

function placeOf(cursor: string): Place {
  try {
    const [createdAt, requestId] = placeSchema.parse(JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8')));
    return { createdAt, requestId };
  } catch (cause) {
    throw new CodedError('invalid_value', 'This cursor was not made by this list.', { param: 'cursor', cause });
  }
}
