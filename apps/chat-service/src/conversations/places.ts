import type { Query } from '../database/chat-database';

/**
 * Takes the next places in the order of an owner. The row stays locked until the transaction ends, so that places come
 * into sight in their order. @returns the first of `count` places.
 */
export async function takePlaces(query: Query, ownerId: string, count: number): Promise<number> {
  const [row] = await query<{ last: string }>(
    `INSERT INTO chat.owners AS known (owner_id, last_place) VALUES ($1, $2)
     ON CONFLICT (owner_id) DO UPDATE SET last_place = known.last_place + EXCLUDED.last_place
     RETURNING last_place AS last`,
    [ownerId, count],
  );
  return Number(row?.last) - count + 1;
}
