import { authorizedFetch } from '../../api/authorized-fetch';

export interface CsvProgress {
  /** Lines so far, without the header; a cell with a line break in it counts twice. */
  rows: number;
  bytes: number;
}

const LINE_FEED = 0x0a;

/**
 * Reads the export to its end. The server cannot say how long it will be, so the lines are counted as they come.
 * @throws when it cannot be completed: half a file is none.
 */
export async function downloadCsv(
  filter: Record<string, string>,
  signal: AbortSignal,
  tell: (progress: CsvProgress) => void,
): Promise<Blob> {
  // The byte-order mark is what makes Excel read Korean.
  const query = new URLSearchParams({ ...filter, bom: 'true' });
  const { body } = await authorizedFetch(`/api/usage/export.csv?${query}`, { signal });
  if (body === null) throw new TypeError('the answer has no body');
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let lines = 0;
  let bytes = 0;
  for (const reader = body.getReader(); ;) {
    const { done, value } = await reader.read();
    if (done) break;
    parts.push(value);
    bytes += value.length;
    lines += countLines(value);
    tell({ rows: Math.max(0, lines - 1), bytes });
  }
  return new Blob(parts, { type: 'text/csv;charset=utf-8' });
}

function countLines(bytes: Uint8Array): number {
  let lines = 0;
  for (let at = bytes.indexOf(LINE_FEED); at >= 0; at = bytes.indexOf(LINE_FEED, at + 1)) lines += 1;
  return lines;
}
