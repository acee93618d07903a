import { connect, isIP, type LookupFunction, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { ResponseReader, type ResponseHead } from './response-reader';

/** What a request's owner hears. Exactly one of `onComplete` and `onFailure` is called, unless it aborts. */
export interface ResponseHandler {
  onHead(head: ResponseHead): void;
  onBody(bytes: Buffer, start: number, end: number): void;
  onComplete(): void;
  onFailure(error: EngineConnectionError): void;
}

export class EngineConnectionError extends Error {
  override readonly name = 'EngineConnectionError';

  constructor(
    message: string,
    /** True when no byte of an answer had come: the engine cannot have told anybody anything. */
    readonly beforeAnswer: boolean,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/**
 * One buffer for the reads of all sockets: libuv fills it and calls back before it reads the next socket, and whoever
 * gets a view of it must copy what it keeps. Saves one allocation and one copy a read.
 */
const READ_BUFFER = Buffer.allocUnsafeSlow(64 * 1024);

export interface EngineAddress {
  host: string;
  port: number;
  tls: boolean;
  lookup?: LookupFunction | undefined;
}

/** One keep-alive connection to an engine, one request at a time (no pipelining). */
export class EngineConnection {
  private readonly socket: Socket;
  private reader: ResponseReader | null = null;
  private handler: ResponseHandler | null = null;
  private answerBegan = false;
  private failure: Error | null = null;
  /** Requests that this connection has completed; 0 for a fresh one. */
  served = 0;
  idleSince = 0;

  /**
   * @param onIdle the response is complete and the connection may be used again.
   * @param onClosed the connection is gone.
   */
  constructor(
    { host, port, tls, lookup }: EngineAddress,
    private readonly onIdle: (connection: EngineConnection) => void,
    onClosed: (connection: EngineConnection) => void,
  ) {
    const options = {
      host,
      port,
      noDelay: true,
      ...(lookup === undefined ? {} : { lookup }),
      onread: {
        buffer: READ_BUFFER,
        callback: (length: number, buffer: Uint8Array) => {
          this.read(buffer as Buffer, length);
          return true;
        },
      },
    };
    // TLSSocket takes `onread` as well (lib/internal/tls/wrap.js). An address has no name to ask for.
    this.socket = tls
      ? connectTls({ ...options, ...(isIP(host) === 0 ? { servername: host } : {}) })
      : connect(options);
    this.socket.on('error', (error) => (this.failure = error));
    // A half-closed engine is a gone engine: `end` (EOF) is where a response that lasts until the close ends.
    this.socket.on('end', () => this.readEnd());
    this.socket.on('close', () => {
      this.fail(this.failure ?? new Error('the connection closed'));
      onClosed(this);
    });
  }

  get usable(): boolean {
    return !this.socket.destroyed && this.socket.writable && this.handler === null;
  }

  /** Sends one request (head and body as they go on the wire). */
  send(request: Buffer, handler: ResponseHandler): void {
    this.handler = handler;
    this.answerBegan = false;
    this.reader = new ResponseReader({
      // Through `this.handler`: one read may hold more of the answer after its owner has aborted it.
      onHead: (head) => this.handler?.onHead(head),
      onBody: (bytes, start, end) => this.handler?.onBody(bytes, start, end),
      onComplete: (reusable) => this.complete(reusable),
    });
    this.socket.write(request);
  }

  /** Drops the request and the connection: the engine frees the slot when it sees the close. */
  abort(): void {
    this.handler = null;
    this.reader = null;
    this.socket.destroy();
  }

  private read(buffer: Buffer, length: number): void {
    if (this.reader === null) {
      // Bytes that nobody asked for: nothing after them on this connection can be trusted.
      this.socket.destroy();
      return;
    }
    this.answerBegan = true;
    try {
      this.reader.push(buffer, 0, length);
    } catch (error) {
      this.fail(error);
    }
  }

  private readEnd(): void {
    if (this.reader === null) return;
    try {
      this.reader.end();
    } catch (error) {
      this.fail(error);
    }
  }

  private complete(reusable: boolean): void {
    const handler = this.handler;
    if (handler === null) return;
    this.handler = null;
    this.reader = null;
    this.served += 1;
    if (reusable) this.onIdle(this);
    else this.socket.destroy();
    handler.onComplete();
  }

  private fail(cause: unknown): void {
    const handler = this.handler;
    this.handler = null;
    this.reader = null;
    this.socket.destroy();
    if (handler === null) return;
    const what = cause instanceof Error ? cause.message : String(cause);
    handler.onFailure(new EngineConnectionError(what, !this.answerBegan, { cause }));
  }
}
