import { CodedError } from '#contracts/errors';
import { z } from 'zod';

/** Cursors are opaque: base64url of a JSON tuple. */
export function writeCursor(...place: (number | string)[]): string {
  return Buffer.from(JSON.stringify(place)).toString('base64url');
}

/** The cursor of a list that is ordered by `count` whole numbers. @throws CodedError `invalid_value` */
export function readPlaces(cursor: string, count: number): number[] {
  return readCursor(cursor, z.array(z.int().min(0)).length(count));
}

/** @throws CodedError `invalid_value` for a cursor that no list of ours gave. */
export function readCursor<T extends z.ZodType>(cursor: string, schema: T): z.output<T> {
  try {
    const bytes = Buffer.from(cursor, 'base64url');
    // Node reads over what is no base64url.
    if (bytes.toString('base64url') !== cursor) throw new SyntaxError('not base64url');
    return schema.parse(JSON.parse(bytes.toString()));
  } catch (cause) {
    throw new CodedError('invalid_value', "Invalid 'cursor': take it from `nextCursor` of a list.", {
      param: 'cursor',
      cause,
    });
  }
}
