import type { ServerResponse } from 'node:http';

/**
 * Writes server-sent events, one HTTP chunk each, straight to the socket: one buffer and one system call an event.
 * A client that does not read does not slow anybody: what it has not taken waits in memory, as in vLLM.
 */
export class EventWriter {
  constructor(private readonly res: ServerResponse) {}

  get open(): boolean {
    return !this.res.destroyed && !this.res.writableEnded;
  }

  /** `payload` is the whole event with its empty line. */
  write(payload: string): void {
    const { res } = this;
    if (!this.open) return;
    // No socket: an earlier response on the same connection is not finished yet (pipelining); Node keeps the order.
    if (res.socket === null) res.write(payload);
    else res.socket.write(`${Buffer.byteLength(payload).toString(16)}\r\n${payload}\r\n`);
  }

  data(json: string): void {
    this.write(`data: ${json}\n\n`);
  }

  /** An event with a name, as in the APIs of /v1/messages and /v1/responses. */
  event(name: string, data: unknown): void {
    this.write(`event: ${name}\ndata: ${JSON.stringify(data)}\n\n`);
  }

  done(): void {
    this.write('data: [DONE]\n\n');
    this.end();
  }

  end(): void {
    if (this.open) this.res.end();
  }

  /** Closes the connection without the last chunk, after what was written has left. */
  cut(): void {
    this.res.socket?.destroySoon();
  }
}
