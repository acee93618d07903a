import type { JsMsg } from '@nats-io/jetstream';
import { ACK_WAIT_MS } from './ledger-consumer';

/**
 * A row may be this old before it stands in the ledger, milliseconds. Each batch costs Postgres a transaction and
 * nats-server writes of the consumer's state: a batch a message was a third of nats-server's time under load.
 */
const GATHER_MS = 100;
/** So many need no company. */
const ENOUGH = 12;
/**
 * What is opened and written at once, bytes: some twelve hundred events. As objects they still fit into V8's young
 * generation; of larger batches a third of the time went into moving them out of it.
 */
const MAX_BATCH_BYTES = 512 * 1024;

/**
 * The messages that were delivered and are not acknowledged yet. The server is told that work goes on with them, so that it
 * does not deliver them again while Postgres is away. Their number is bounded by the consumer's `max_ack_pending`.
 */
export class MessageHand {
  private readonly held = new Set<JsMsg>();
  private waiting: JsMsg[] = [];
  private wake: () => void = () => undefined;
  private readonly timer: NodeJS.Timeout;

  constructor() {
    this.timer = setInterval(() => {
      for (const message of this.held) message.working();
    }, ACK_WAIT_MS / 3);
  }

  /** Written and done with. */
  acknowledge(message: JsMsg): void {
    message.ack();
    this.held.delete(message);
  }

  /** Lets go without an acknowledgement: it will be delivered again. */
  release(message: JsMsg): void {
    this.held.delete(message);
  }

  /** Hands over what has arrived within a moment of the first, as one batch. */
  async *batches(messages: AsyncIterable<JsMsg>): AsyncGenerator<JsMsg[]> {
    const end = { reached: false };
    const collected = this.collect(messages).finally(() => {
      end.reached = true;
      this.wake();
    });
    // Its failure is thrown below, when what came before it has been handed over.
    collected.catch(() => undefined);
    try {
      for (;;) {
        // Made before the look, so that a message that comes in between is not slept over.
        const news = new Promise<void>((resolve) => (this.wake = resolve));
        if (this.waiting.length > 0) {
          if (this.waiting.length < ENOUGH && !end.reached)
            await new Promise((resolve) => setTimeout(resolve, GATHER_MS));
          yield this.nextBatch();
        } else if (end.reached) {
          await collected;
          return;
        } else await news;
      }
    } finally {
      clearInterval(this.timer);
      this.held.clear();
    }
  }

  private nextBatch(): JsMsg[] {
    let bytes = 0;
    const end = this.waiting.findIndex((message, at) => (bytes += message.data.length) > MAX_BATCH_BYTES && at > 0);
    return this.waiting.splice(0, end < 0 ? this.waiting.length : end);
  }

  private async collect(messages: AsyncIterable<JsMsg>): Promise<void> {
    for await (const message of messages) {
      this.held.add(message);
      this.waiting.push(message);
      this.wake();
    }
  }
}
