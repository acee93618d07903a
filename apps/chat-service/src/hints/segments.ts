/** A piece of a hint that may be a statement. */
export interface Segment {
  text: string;
  /** Within a fence: whatever it says, it is code. */
  fenced: boolean;
  /** A line or a quoted span of its own, so that all of it is meant as one. */
  alone: boolean;
}

const FENCE = /^\s*(?:[-*>|]\s*)*(?:`{3,}|~{3,})/;
/** What stands in front of a line in a list, a table or a quotation, and is no part of it. */
const DECORATION =
  /^\s*(?:(?:[-*+>|#•·▪►→]|\d{1,3}\s*[.):]|\(?\d{1,3}\)|[a-h][.)]|(?:line|step|줄|단계|첫째|둘째|셋째)\s*\d*\s*[:.)-]|\d{1,3}\s*(?:번째\s*)?(?:줄|단계)\s*[:.)-]?)\s*)+/i;
/** Where a sentence goes on with the next statement. */
const JOINT = /;|→|\bthen\b|\band then\b|\bnext\b|\bfinally\b|그리고|그다음|그 다음|다음에|마지막으로/i;
const COMMENT = /^(?:#|\/\/|\/\*|\*)/;

/** Cuts a hint into pieces, each of which holds one statement at most. */
export function segmentsOf(text: string): Segment[] {
  const segments: Segment[] = [];
  let fenced = false;
  for (const line of text.split(/\r\n|\n|\r|\u2028|\u2029/)) {
    if (FENCE.test(line)) {
      const rest = line.replace(FENCE, '');
      // All in one line: ```x = 1```
      if (/`{3,}/.test(rest)) add(segments, rest.replace(/`{3,}.*/, ''), true, true);
      else fenced = !fenced;
      continue;
    }
    if (fenced) add(segments, line, true, true);
    else addProse(segments, line);
  }
  return segments;
}

/** The words and signs of a text with one space around each, so that code is known whatever its layout. */
export function tokensOf(text: string): string {
  return ` ${(text.match(/[\p{L}\p{N}_]+|[^\s\p{L}\p{N}_]/gu) ?? []).join(' ')} `;
}

function addProse(segments: Segment[], line: string): void {
  const plain = line.replace(DECORATION, '');
  const spans = [...plain.matchAll(/`+([^`]+)`+/g)].map(([, span = '']) => span);
  for (const span of spans) for (const part of span.split(JOINT)) add(segments, part, false, true);
  const words = plain.replace(/`+[^`]*`+/g, ' … ');
  const parts = words.split(JOINT);
  for (const part of parts) add(segments, part, false, parts.length === 1 && spans.length === 0);
}

function add(segments: Segment[], raw: string, fenced: boolean, alone: boolean): void {
  const text = raw.trim();
  if (text === '' || COMMENT.test(text) || /^[\])}]+[;,]?$/.test(text)) return;
  segments.push({ text, fenced, alone });
}
