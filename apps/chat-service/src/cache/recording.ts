import type { EngineCall } from '../engines/http/engine-pool';
import type { EngineConnectionError, ResponseHandler } from '../engines/http/engine-connection';
import type { ResponseHead } from '../engines/http/response-reader';

/** Part of an answer that is handed on at once. */
const SLICE_BYTES = 32 * 1024;

/** The bytes of an answer as the engine sends them, while they pass. */
export class Recording {
  private parts: Buffer[] | null = [];
  private bytes = 0;
  private succeeded = false;
  /** The whole answer, when it is over; null: there is none that could be given again. */
  readonly answer: Promise<Buffer | null>;
  private resolve: (answer: Buffer | null) => void = () => undefined;

  /** @param maxBytes a larger answer is not kept. */
  constructor(
    readonly key: string,
    private readonly maxBytes: number,
  ) {
    this.answer = new Promise((resolve) => (this.resolve = resolve));
  }

  /** Hears what `handler` hears. */
  around(handler: ResponseHandler): ResponseHandler {
    return {
      onHead: (head: ResponseHead) => {
        this.succeeded = head.status === 200;
        handler.onHead(head);
      },
      onBody: (bytes, start, end) => {
        this.take(bytes, start, end);
        handler.onBody(bytes, start, end);
      },
      onComplete: () => handler.onComplete(),
      onFailure: (error: EngineConnectionError) => {
        // The answer may come from another engine now, and that one is not recorded.
        this.parts = null;
        handler.onFailure(error);
      },
    };
  }

  /** @param complete the client was given all of it. @returns what may be kept. */
  end(complete: boolean): Buffer | null {
    const answer = complete && this.succeeded && this.parts !== null ? Buffer.concat(this.parts) : null;
    this.parts = null;
    this.resolve(answer);
    return answer;
  }

  private take(bytes: Buffer, start: number, end: number): void {
    if (this.parts === null) return;
    this.bytes += end - start;
    if (this.bytes > this.maxBytes) this.parts = null;
    else this.parts.push(Buffer.from(bytes.subarray(start, end)));
  }
}

/** Gives a kept answer as an engine would. */
export function replay(answer: Buffer, handler: ResponseHandler): EngineCall {
  let over = false;
  queueMicrotask(() => {
    if (!over) handler.onHead({ status: 200, headers: new Map() });
    for (let at = 0; at < answer.length && !over; at += SLICE_BYTES)
      handler.onBody(answer, at, Math.min(answer.length, at + SLICE_BYTES));
    if (!over) handler.onComplete();
  });
  return { abort: () => (over = true) };
}
