import type { FastifyReply } from 'fastify';
import type { CodedError } from '#contracts/errors';
import type { QueueNews } from '#contracts/generate';
import type { StreamReader } from './live-stream';

/** A proxy or a client gives up on a silent connection after 30 to 60 s; a comment says that somebody is there. */
const KEEP_ALIVE_MS = 15_000;
const KEEP_ALIVE = Buffer.from(': keep-alive\n\n');
/**
 * Who waits less than this for a turn hears nothing of it: the first comment sends the status 200, and a refusal could
 * have a status of its own no more, by which SDKs know that they may try again.
 */
const QUIET_WAIT_MS = 1_000;

/**
 * How queue news is told. It sends the head, with whatever headers are known by then: only where a client waits for it (`at
 * once`) does it go out before a second has passed. `named`: as `event: queue`; else as comments.
 */
export type QueueTelling = 'named at once' | 'named' | 'comments';
/** How long a client that was cut may take to read what is already on its way. */
const CUT_GRACE_MS = 5_000;
const CRLF = 0x0d0a;

export interface SseAnswerOptions {
  /** Bytes held for a slow reader before it is cut. */
  maxBufferedBytes: number;
  queueTelling: QueueTelling;
  /** What the client is told of an error; absent: as it is. */
  inWords?: (error: CodedError) => CodedError;
  /** The reader could not keep up. */
  onSlowReader: () => void;
}

/**
 * Writes a stream to the client's socket as it comes. The head goes out with the first bytes, so that a failure before
 * them has a status of its own; after it, a failure is an error event and then the end.
 */
export class SseAnswer implements StreamReader {
  /** Resolves when the answer is over; rejects with an error that came before its first byte. */
  readonly over: Promise<void>;
  private resolve: () => void = () => undefined;
  private reject: (error: CodedError) => void = () => undefined;
  private readonly pending: Buffer[] = [];
  private readonly openedAt = performance.now();
  private lastWriteAt = this.openedAt;
  /** Not told yet: comments wait for the next tick. */
  private news: QueueNews | null = null;
  private begun = false;
  private ended = false;

  constructor(
    private readonly reply: FastifyReply,
    private readonly options: SseAnswerOptions,
  ) {
    this.over = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
  }

  onBytes(bytes: Buffer): void {
    this.news = null;
    this.pending.push(bytes);
  }

  onQueue(news: QueueNews): void {
    if (this.ended) return;
    // Once the head is out, nothing is kept by waiting.
    if (this.options.queueTelling === 'named at once' || (this.begun && this.options.queueTelling === 'named'))
      this.tell(news);
    else this.news = news;
  }

  /** Too late where queue news has sent the head; the event `meta` says the same. */
  onHeaders(headers: Readonly<Record<string, string>>): void {
    if (!this.begun && !this.ended) void this.reply.headers(headers);
  }

  flush(): void {
    if (this.ended || this.pending.length === 0) return;
    // What waited before this write: one large event is not the reader's fault.
    const waiting = this.reply.raw.writableLength;
    this.write(this.takePending());
    if (waiting > this.options.maxBufferedBytes) this.options.onSlowReader();
  }

  onEnd(): void {
    if (this.ended) return;
    this.begin();
    this.finish(this.takePending());
  }

  onError(given: CodedError): void {
    if (this.ended) return;
    const error = this.options.inWords?.(given) ?? given;
    if (!this.begun && this.pending.length === 0) {
      this.ended = true;
      this.reject(error);
      return;
    }
    this.begin();
    const event = Buffer.from(`data: ${JSON.stringify({ error: error.toBody() })}\n\n`);
    const rest = this.takePending();
    this.finish(rest.length === 0 ? event : Buffer.concat([rest, event]));
    if (error.code === 'slow_reader') setTimeout(() => this.reply.raw.destroy(), CUT_GRACE_MS).unref();
  }

  onTick(at: number): void {
    if (this.ended) return;
    if (this.news !== null && at - this.openedAt >= QUIET_WAIT_MS) {
      this.tell(this.news);
      this.news = null;
    } else if (at - this.lastWriteAt >= KEEP_ALIVE_MS) this.write(KEEP_ALIVE);
  }

  private tell(news: QueueNews): void {
    const data = JSON.stringify(news);
    const isComment = this.options.queueTelling === 'comments';
    this.write(Buffer.from(isComment ? `: queue ${data}\n\n` : `event: queue\ndata: ${data}\n\n`));
  }

  /** The client is gone: nothing more can be written. */
  abandon(): void {
    this.ended = true;
    this.pending.length = 0;
    this.resolve();
  }

  private write(bytes: Buffer): void {
    const { raw } = this.reply;
    const fresh = !this.begun;
    this.begin();
    this.lastWriteAt = performance.now();
    // The response's own `write` hands the kernel three pieces and a string; one ready chunk costs a third less CPU.
    // Not for the head, nor for HTTP/1.0 (no chunks), nor while an earlier pipelined answer has the socket.
    if (fresh || raw.socket === null || !raw.chunkedEncoding) raw.write(bytes);
    else raw.socket.write(httpChunk(bytes));
  }

  private finish(lastBytes: Buffer): void {
    this.ended = true;
    if (lastBytes.length > 0) this.reply.raw.end(lastBytes);
    else this.reply.raw.end();
    this.resolve();
  }

  private begin(): void {
    if (this.begun) return;
    this.begun = true;
    this.reply.hijack();
    this.reply.raw.writeHead(200, {
      ...(this.reply.getHeaders() as Record<string, string>),
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-cache, no-transform',
      // nginx would gather the events otherwise.
      'x-accel-buffering': 'no',
    });
  }

  private takePending(): Buffer {
    const [first] = this.pending;
    const bytes = this.pending.length === 1 && first !== undefined ? first : Buffer.concat(this.pending);
    this.pending.length = 0;
    return bytes;
  }
}

/** RFC 9112, 7.1: the size in hexadecimal, the bytes, each followed by CRLF. */
function httpChunk(bytes: Buffer): Buffer {
  const size = bytes.length.toString(16);
  const chunk = Buffer.allocUnsafe(size.length + bytes.length + 4);
  let at = chunk.write(size, 'latin1');
  at = chunk.writeUInt16BE(CRLF, at);
  at += bytes.copy(chunk, at);
  chunk.writeUInt16BE(CRLF, at);
  return chunk;
}
