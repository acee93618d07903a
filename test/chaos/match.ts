import type { Asked } from './clients';
import type { Row } from './rows';

export interface Matched {
  readonly asked: Asked;
  readonly rows: Row[];
}

/**
 * Finds the rows of each request: by its id where the client was told one, else by its key and time, since a client asks
 * for one thing after the other. Rows that nobody asked for are left over.
 * @param setBackMs by how much the services' clock was set back in the middle, if it was.
 */
export function matchRows(asked: readonly Asked[], rows: readonly Row[], setBackMs = 0): [Matched[], Row[]] {
  const matched = asked.map((one): Matched => ({ asked: one, rows: [] }));
  const byId = new Map<string, Matched>();
  const untold = new Map<string, Matched[]>();
  for (const match of matched) {
    const { keyId, ended } = match.asked;
    if (ended.requestId !== null) byId.set(ended.requestId, match);
    else untold.set(keyId, [...(untold.get(keyId) ?? []), match]);
  }
  const strangers: Row[] = [];
  const guests = new Map<string, Matched>();
  for (const row of rows) {
    const candidates = untold.get(row.keyId ?? '') ?? [];
    const match =
      byId.get(row.requestId) ??
      // The same id twice belongs to the same request.
      guests.get(row.requestId) ??
      askedAt(candidates, row.createdAt) ??
      (setBackMs === 0 ? undefined : askedAt(candidates, row.createdAt + setBackMs));
    if (match === undefined) strangers.push(row);
    else {
      guests.set(row.requestId, match);
      match.rows.push(row);
    }
  }
  return [matched, strangers];
}

/** A gateway may hear of a request somewhat after its client has given it up. */
const LATE_MS = 2_000;

/** The last of them that was sent before `time` and has no row yet. */
function askedAt(candidates: readonly Matched[], time: number): Matched | undefined {
  return candidates.findLast(
    ({ asked, rows }) => asked.sentAt <= time && time <= asked.endedAt + LATE_MS && rows.length === 0,
  );
}
