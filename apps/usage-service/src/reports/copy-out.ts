import { DatabaseError, type Connection, type Submittable } from 'pg';

/** What pg hands over for each row of a COPY (pg-protocol, `CopyDataMessage`). */
interface CopyData {
  chunk: Buffer;
}

/**
 * A `COPY ... TO STDOUT` as pg takes it. Each row is handed over as the bytes that Postgres sent, in COPY's text format with
 * the newline at its end; pg may overwrite them afterwards.
 */
export class CopyOut implements Submittable {
  /** Settles when Postgres is done with it. */
  readonly done: Promise<void>;
  private resolve!: () => void;
  private reject!: (error: Error) => void;
  private failure: Error | null = null;

  constructor(
    private readonly statement: string,
    private readonly take: (row: Buffer) => void,
  ) {
    this.done = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
  }

  submit(connection: Connection): void {
    connection.query(this.statement);
  }

  handleCopyData({ chunk }: CopyData): void {
    if (this.failure !== null) return;
    try {
      this.take(chunk);
    } catch (error) {
      // Thrown here it would end the process; the rest of the rows is let pass.
      this.failure = error instanceof Error ? error : new Error(String(error));
    }
  }

  handleError(error: Error | DatabaseError): void {
    this.reject(error);
  }

  handleCommandComplete(): void {
    // told by handleReadyForQuery, when the session can be used again
  }

  handleReadyForQuery(): void {
    if (this.failure === null) this.resolve();
    else this.reject(this.failure);
  }
}
