/**
 * How patterns read a text: compatibility forms as the plain ones, capital letters as small ones, and invisible
 * characters not at all. It is read by clusters: a letter with what hangs on it, or the letters of one Hangul syllable.
 */

/** More marks than that are no letter any more, and would have to be waited for. */
const CLUSTER = /[\u1100-\u115f][\u1160-\u11a7]?[\u11a8-\u11ff]?|[^]\p{M}{0,63}/uy;
const INVISIBLE = /[\p{Cf}\p{Default_Ignorable_Code_Point}]/gu;
const MARK = /\p{M}/u;
const ASCII = /^[\0-\x7f]*$/;

/** By UTF-16 unit: unknown yet, no cluster of its own, or what it is read as plus two. */
const simple = new Uint32Array(0x10000);
const UNKNOWN = 0;
const COMPLEX = 1;
const OFFSET = 2;

/** What a unit is read as that is a cluster by itself, as one unit; -1: a cluster has to be looked at. */
export function simpleUnit(unit: number): number {
  let known = simple[unit] ?? COMPLEX;
  if (known === UNKNOWN) known = simple[unit] = findSimple(unit);
  return known - OFFSET;
}

/** Whether a unit may belong to the cluster before it. */
export function mayExtend(unit: number): boolean {
  return unit >= 0x300 && simpleUnit(unit) < 0;
}

/** Where the cluster that begins at `at` ends, as far as the text goes. */
export function clusterEnd(text: string, at: number): number {
  CLUSTER.lastIndex = at;
  return CLUSTER.test(text) ? CLUSTER.lastIndex : at + 1;
}

/** What a cluster is read as. */
export function readCluster(cluster: string): string {
  return cluster.normalize('NFKC').toLowerCase().replace(INVISIBLE, '');
}

/** A text as patterns read it, and where each of its characters comes from. */
export interface PatternText {
  text: string;
  /** Null: the same places. */
  origins: number[] | null;
}

export function readForPatterns(text: string): PatternText {
  if (ASCII.test(text)) return { text: text.toLowerCase(), origins: null };
  let read = '';
  const origins: number[] = [];
  for (let at = 0; at < text.length;) {
    const end = clusterEnd(text, at);
    const cluster = readCluster(text.slice(at, end));
    for (let i = 0; i < cluster.length; i++) origins.push(at);
    read += cluster;
    at = end;
  }
  origins.push(text.length);
  return { text: read, origins };
}

/** Where the character at `at` of the read text comes from. */
export function originOf({ origins }: PatternText, at: number): number {
  return origins === null ? at : (origins[at] ?? origins.at(-1) ?? 0);
}

/** The first character of the read text that comes from `from` or behind it. */
export function placeOf({ origins, text }: PatternText, from: number): number {
  if (origins === null) return from;
  const at = origins.findIndex((origin) => origin >= from);
  return at === -1 ? text.length : at;
}

function findSimple(unit: number): number {
  if (unit >= 0xd800 && unit <= 0xdfff) return COMPLEX;
  if (unit >= 0x1100 && unit <= 0x11ff) return COMPLEX;
  const character = String.fromCharCode(unit);
  if (MARK.test(character)) return COMPLEX;
  const read = readCluster(character);
  return read.length === 1 ? read.charCodeAt(0) + OFFSET : COMPLEX;
}
