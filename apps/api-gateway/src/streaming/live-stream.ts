import type { Actor } from '#contracts/access';
import type { CodedError } from '#contracts/errors';
import type { QueueNews } from '#contracts/generate';

/** Who turns a stream's bytes into an HTTP answer. */
export interface StreamReader {
  /** Bytes for the client, valid for as long as they are referenced. */
  onBytes(bytes: Buffer): void;
  /** The request waits for its turn. Comes before any bytes. */
  onQueue(news: QueueNews): void;
  /** Headers of the answer, from the one who gives it. Comes before any bytes. */
  onHeaders(headers: Readonly<Record<string, string>>): void;
  /** All bytes of one message have been handed over. */
  flush(): void;
  onEnd(): void;
  onError(error: CodedError): void;
  /** About once a second, with the monotonic time in milliseconds. */
  onTick(at: number): void;
}

const NOBODY: StreamReader = {
  onHeaders: () => undefined,
  onBytes: () => undefined,
  onQueue: () => undefined,
  flush: () => undefined,
  onEnd: () => undefined,
  onError: () => undefined,
  onTick: () => undefined,
};

/** A request whose answer is not over. */
export class LiveStream {
  /** The chat-service that took it; null until its first frame. */
  ownerId: string | null = null;
  /** Sequence of the next frame. */
  expected = 0;
  /** It has had bytes since the last flush. */
  touched = false;

  constructor(
    readonly id: number,
    readonly requestId: string,
    readonly actor: Actor,
    public reader: StreamReader,
    readonly openedAt: number,
  ) {}

  /**
   * Nothing more is handed over. V8's Map keeps what was deleted in the tables that it grew out of, and those keep each
   * other until a full collection: the whole request would stay as long.
   */
  release(): void {
    this.reader = NOBODY;
  }
}
