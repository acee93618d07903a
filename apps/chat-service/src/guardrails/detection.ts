export const GUARD_KINDS = ['word', 'pattern', 'pii', 'injection'] as const;
export type GuardKind = (typeof GUARD_KINDS)[number];

/** What a match means. */
export interface Verdict {
  kind: GuardKind;
  action: 'block' | 'mask' | 'flag';
  /** For metrics and the audit: list and line. Never the text that was found. */
  rule: string;
  on: 'input' | 'output' | 'both';
  /** What stands in the place of a masked text. */
  replacement: string;
}

/** A place in a text, UTF-16 code units, the end excluded. */
export interface Found {
  start: number;
  end: number;
  verdict: Verdict;
}

/** Looks for one kind of thing, in any number of texts at once. */
export interface Detector {
  begin(): Scanner;
}

/** What is kept of a text: what is held of it, and a little in front of that. */
export interface Kept {
  /** From a place in the whole on, or from as near to it as is kept. @returns the text and where it begins. */
  textFrom(from: number): { text: string; base: number };
}

/** Looks through one text that comes in pieces, and reads each character of it once. */
export interface Scanner {
  /**
   * @param piece what comes next.
   * @param last nothing follows.
   * @param kept the text up to the end of the piece.
   * @param found takes what was found, at its place in the whole. Each match is told of once.
   * @returns a place in the whole: nothing in front of it can be part of a match that has not been told of.
   */
  read(piece: string, last: boolean, kept: Kept, found: Found[]): number;
}

/** Characters in front of what is held that scanners may look back at. */
export const CONTEXT_CHARS = 8;
