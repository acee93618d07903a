import { setImmediate as nextTurn } from 'node:timers/promises';

/**
 * What the search index holds: for each two neighbouring characters of a text one number, which also says whose text it
 * is and from which part of the owner's history. Pairs, because a Korean word is often two syllables; the owner and the
 * part, because a list of all texts that hold a common pair would be as long as the table.
 */

/** So many of an owner's messages are one part: a search reads parts from the newest on until its page is full. */
export const PART_MESSAGES = 8_192;
/** A text this long is taken apart in turns of the event loop, which streams share. */
const TURN_CHARS = 32_768;

export function partOf(place: number): number {
  return Math.floor(place / PART_MESSAGES);
}

/** The terms of a folded text; about 2 ms of CPU time a turn. */
export async function termsOf(ownerId: string, part: number, folded: string): Promise<number[]> {
  const seed = seedOf(ownerId, part);
  const terms = new Set<number>();
  for (let from = 0; from < folded.length; from += TURN_CHARS) {
    if (from > 0) await nextTurn();
    const to = Math.min(folded.length, from + TURN_CHARS);
    addPairs(terms, seed, folded, from, Math.min(to, folded.length - 1));
    // A single character is the pair of NUL, which no text holds, and itself: people also look for 물.
    for (let at = from; at < to; at++) terms.add(mix(seed ^ folded.charCodeAt(at)));
  }
  return [...terms];
}

/** The terms that every text with this folded query has. */
export function queryTerms(ownerId: string, part: number, folded: string): number[] {
  const seed = seedOf(ownerId, part);
  const terms = new Set<number>();
  if (folded.length === 1) terms.add(mix(seed ^ folded.charCodeAt(0)));
  addPairs(terms, seed, folded, 0, folded.length - 1);
  return [...terms];
}

function addPairs(terms: Set<number>, seed: number, text: string, from: number, to: number): void {
  for (let at = from; at < to; at++) {
    terms.add(mix(seed ^ ((text.charCodeAt(at) << 16) | text.charCodeAt(at + 1))));
  }
}

function seedOf(ownerId: string, part: number): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < ownerId.length; at++) hash = Math.imul(hash ^ ownerId.charCodeAt(at), 0x01000193);
  return mix(hash ^ Math.imul(part + 1, 0x9e3779b1));
}

/** MurmurHash3's finaliser: a bijection of 32 bits. Two pairs that fall together only cost a look at the text. */
function mix(value: number): number {
  let hash = value;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}
