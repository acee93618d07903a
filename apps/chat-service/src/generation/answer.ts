import { FrameKind, MAX_BATCH_BYTES } from '#contracts/frames';
import { parseEngineError, type EngineError } from './engine-errors';
import { findUsage, type EngineUsage } from './engine-usage';
import { SseScanner } from './sse-scanner';

/** What an answer in the making tells its generation. */
export interface AnswerSink {
  /** Bytes for the client: whole SSE events, or a part of a body. A view, valid during the call only. */
  pass(kind: typeof FrameKind.data | typeof FrameKind.body, bytes: Buffer, start: number, end: number): void;
  complete(): void;
  engineError(error: EngineError): void;
  /** The engine closed its side before the answer was whole. */
  truncated(): void;
}

/** Reads the body of one response of an engine. */
export interface Answer {
  readonly usage: EngineUsage | null;
  readonly tokenEvents: number;
  /** Grows with every sign of an answer; a comment that keeps a connection alive is none. */
  readonly progress: number;
  push(bytes: Buffer, start: number, end: number): void;
  /** The engine's response is over; `whole` is false when the connection broke. */
  end(whole: boolean): void;
}

/** A stream of SSE events. It is complete at `[DONE]`, whatever the connection does afterwards. */
export class StreamAnswer implements Answer {
  private readonly scanner: SseScanner;
  private over = false;

  constructor(
    private readonly sink: AnswerSink,
    options: { passUsage: boolean; maxEventBytes: number },
  ) {
    this.scanner = new SseScanner(
      {
        onEvents: (bytes, start, end) => sink.pass(FrameKind.data, bytes, start, end),
        onError: (error) => {
          this.over = true;
          sink.engineError(error);
        },
      },
      options,
    );
  }

  get usage(): EngineUsage | null {
    return this.scanner.usage;
  }

  get tokenEvents(): number {
    return this.scanner.tokenEvents;
  }

  get progress(): number {
    return this.scanner.tokenEvents + this.scanner.roleEvents;
  }

  push(bytes: Buffer, start: number, end: number): void {
    if (this.over) return;
    this.scanner.push(bytes, start, end);
    this.completeWhenDone();
  }

  end(): void {
    if (this.over) return;
    this.scanner.end();
    if (!this.completeWhenDone()) this.sink.truncated();
  }

  /** @returns whether the answer is over, well or badly. */
  private completeWhenDone(): boolean {
    if (!this.over && this.scanner.done) {
      this.over = true;
      this.sink.complete();
    }
    return this.over;
  }
}

/** One JSON body: an answer that does not stream, or an error's. Gathered whole, since its usage stands at its end. */
export class WholeAnswer implements Answer {
  private readonly parts: Buffer[] = [];
  private bytes = 0;
  private over = false;
  usage: EngineUsage | null = null;
  readonly tokenEvents = 0;

  get progress(): number {
    return this.bytes;
  }

  constructor(
    private readonly sink: AnswerSink,
    private readonly status: number,
    private readonly maxBytes: number,
  ) {}

  push(bytes: Buffer, start: number, end: number): void {
    if (this.over) return;
    this.bytes += end - start;
    if (this.bytes > this.maxBytes) {
      this.over = true;
      this.sink.engineError({ status: 502, message: `the answer is larger than ${this.maxBytes} bytes` });
      return;
    }
    this.parts.push(Buffer.from(bytes.subarray(start, end)));
  }

  end(whole: boolean): void {
    if (this.over) return;
    this.over = true;
    if (!whole) return this.sink.truncated();
    const body = this.parts.length === 1 && this.parts[0] !== undefined ? this.parts[0] : Buffer.concat(this.parts);
    if (this.status !== 200) return this.sink.engineError(parseEngineError(body.toString('utf8'), this.status));
    this.usage = findUsage(body);
    for (let at = 0; at < body.length; at += MAX_BATCH_BYTES) {
      this.sink.pass(FrameKind.body, body, at, Math.min(body.length, at + MAX_BATCH_BYTES));
    }
    this.sink.complete();
  }
}
