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

export interface Scan {
  found: Found[];
  /** Up to here nothing can be part of a match any more, whatever follows. Those found end here or before. */
  safe: number;
}

/** Looks for one kind of thing. Pure: it keeps nothing between two calls. */
export interface Detector {
  /**
   * @param from where to look from; what stands before it is context (is this the beginning of a word?).
   * @param last nothing follows.
   */
  scan(text: string, from: number, last: boolean): Scan;
}

/** Characters in front of `from` that detectors may look at. */
export const CONTEXT_CHARS = 8;
