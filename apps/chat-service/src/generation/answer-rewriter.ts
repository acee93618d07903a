import type { FrameKind } from '#contracts/frames';

/** Headers leave before anything else, or not at all. */
export type RewrittenKind = typeof FrameKind.data | typeof FrameKind.body | typeof FrameKind.headers;

/**
 * Turns the bytes of an engine's answer into those that the client gets, where these are not the same. Made for one
 * answer. It may hold text back, and emit it later by itself, but not after `end`.
 */
export interface AnswerRewriter {
  /** Called once, before anything else. */
  open(emit: (kind: RewrittenKind, bytes: Buffer) => void): void;
  /** Whole SSE events, or a part of a body: a view, valid during the call only. */
  push(bytes: Buffer, start: number, end: number): void;
  /** The answer is over: what is held is emitted now. `complete`: the engine has said all of it. */
  end(complete: boolean): void;
}

/** The second reads what the first says. */
export function inTurn(first: AnswerRewriter, second: AnswerRewriter): AnswerRewriter {
  return {
    open: (emit) => second.open(emit),
    push: (bytes, start, end) => first.push(bytes, start, end),
    end: (complete) => {
      first.end(complete);
      second.end(complete);
    },
  };
}
