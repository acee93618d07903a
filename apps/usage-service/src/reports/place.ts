import { CodedError } from '#contracts/errors';
import { z } from 'zod';

/** A place in the ledger: the row that was read last. */
export interface Place {
  /** ISO 8601, as exact as Postgres holds it. */
  createdAt: string;
  requestId: string;
}

const placeSchema = z.tuple([z.iso.datetime(), z.string()]);

export function cursorOf({ createdAt, requestId }: Place): string {
  return Buffer.from(JSON.stringify([createdAt, requestId])).toString('base64url');
}

/** @throws CodedError `invalid_value` for what is no cursor of ours. */
export function placeOf(cursor: string): Place {
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
