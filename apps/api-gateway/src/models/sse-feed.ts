import type { FastifyReply } from 'fastify';

/** Proxies and clients give up on a silent connection after 30 to 60 s. */
const KEEP_ALIVE_MS = 15_000;
/** Of a reader that does not read: it is cut, and may come again. */
const MAX_BUFFERED_BYTES = 1024 * 1024;

/** Named events to one client, for as long as it stays. */
export class SseFeed {
  private readonly timer: NodeJS.Timeout;
  private readonly closers: (() => void)[] = [];
  private over = false;

  constructor(private readonly reply: FastifyReply) {
    reply.hijack();
    reply.raw.writeHead(200, {
      ...(reply.getHeaders() as Record<string, string>),
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-cache, no-transform',
      // nginx would gather the events otherwise.
      'x-accel-buffering': 'no',
    });
    reply.raw.once('close', () => this.close());
    this.timer = setInterval(() => this.write(': keep-alive\n\n'), KEEP_ALIVE_MS);
  }

  send(event: string, data: unknown): void {
    this.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
  }

  /** Called once, whoever ends it; at once when it has ended. */
  onClose(closer: () => void): void {
    if (this.over) closer();
    else this.closers.push(closer);
  }

  end(): void {
    this.reply.raw.end();
    this.close();
  }

  private write(text: string): void {
    if (this.over) return;
    if (this.reply.raw.writableLength > MAX_BUFFERED_BYTES) {
      this.reply.raw.destroy();
      this.close();
      return;
    }
    this.reply.raw.write(text);
  }

  private close(): void {
    if (this.over) return;
    this.over = true;
    clearInterval(this.timer);
    for (const closer of this.closers) closer();
  }
}
