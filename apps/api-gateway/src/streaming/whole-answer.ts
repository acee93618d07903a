import type { CodedError } from '#contracts/errors';
import type { QueueNews } from '#contracts/generate';
import type { StreamReader } from './live-stream';

/** Gathers the body of an answer that does not stream. */
export class WholeAnswer implements StreamReader {
  /** The body; rejects with the error that came in its place. Empty when the client left. */
  readonly body: Promise<Buffer>;
  private resolve: (body: Buffer) => void = () => undefined;
  private reject: (error: CodedError) => void = () => undefined;
  private readonly parts: Buffer[] = [];

  /** @param onHeaders takes headers that the answer shall have. */
  constructor(readonly onHeaders: (headers: Readonly<Record<string, string>>) => void) {
    this.body = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
  }

  onBytes(bytes: Buffer): void {
    this.parts.push(bytes);
  }

  onQueue(_news: QueueNews): void {
    // JSON has no room for news.
  }

  flush(): void {
    // Nothing is sent before the body is whole.
  }

  onEnd(): void {
    const [first] = this.parts;
    this.resolve(this.parts.length === 1 && first !== undefined ? first : Buffer.concat(this.parts));
  }

  onError(error: CodedError): void {
    this.reject(error);
  }

  onTick(): void {
    // JSON has no comments that would keep a connection alive.
  }

  abandon(): void {
    this.resolve(Buffer.alloc(0));
  }
}
