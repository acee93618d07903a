import { randomUUID } from 'node:crypto';
import { jetstreamManager } from '@nats-io/jetstream';
import { headers, type Msg } from '@nats-io/transport-node';
import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Logger } from 'nestjs-pino';
import { USAGE_STREAM, UsageSubjects, type UsageBatch } from '#contracts/usage';
import { Bus } from '#common/bus';
import { ensureUsageStream } from '#common/usage-stream';

/** An answer to a publish that takes longer than this is as good as none. */
const PUBLISH_TIMEOUT_MS = 3_000;
const RETRY_MS = 500;

/** What JetStream answers to a publish: where the message is kept, or why it is not. */
interface PubAck {
  stream?: string;
  error?: { code: number; description: string };
}

interface Waiting {
  resolve: () => void;
  reject: (error: Error) => void;
  timer: NodeJS.Timeout;
}

/**
 * Publishes ledger events to JetStream, where an ack means: on disk. Acks come back on one subscription of our own:
 * the client library's `publish` makes a request with two error objects and their stacks for each message, which was
 * a twentieth of chat-service's CPU time.
 */
@Injectable()
export class JournalPublisher implements OnModuleInit {
  private readonly inbox = `_INBOX.${randomUUID()}`;
  private readonly waiting = new Map<string, Waiting>();
  private lastReply = 0;
  private streamThere = false;

  constructor(
    private readonly bus: Bus,
    private readonly logger: Logger,
  ) {}

  get ready(): boolean {
    return this.streamThere;
  }

  onModuleInit(): void {
    this.bus.subscribe(`${this.inbox}.*`, (message) => this.onAck(message));
    // No answer comes to what was on its way: it is sent again at once, not when its time is over.
    this.bus.onLost(() => this.failAll());
    void this.ensureStream();
  }

  /** @throws when the message was not taken; it may be published again under the same id. */
  async publish(batch: UsageBatch, messageId: string): Promise<void> {
    if (!this.bus.connected) throw new Error('the connection to NATS is lost');
    const id = headers();
    id.set('Nats-Msg-Id', messageId);
    const reply = `${this.inbox}.${(this.lastReply += 1)}`;
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => {
        this.waiting.delete(reply);
        reject(new Error(`JetStream did not answer within ${PUBLISH_TIMEOUT_MS} ms`));
      }, PUBLISH_TIMEOUT_MS);
      this.waiting.set(reply, { resolve, reject, timer });
      this.bus.connection.publish(UsageSubjects.events, JSON.stringify(batch), { reply, headers: id });
    });
  }

  private failAll(): void {
    for (const { timer, reject } of this.waiting.values()) {
      clearTimeout(timer);
      reject(new Error('the connection to NATS was lost'));
    }
    this.waiting.clear();
  }

  private onAck(message: Msg): void {
    const waiting = this.waiting.get(message.subject);
    if (waiting === undefined) return;
    this.waiting.delete(message.subject);
    clearTimeout(waiting.timer);
    // No stream takes this subject: the server answers with a status header and no body.
    const ack: PubAck =
      message.data.length === 0 ? { error: { code: 503, description: 'JetStream is away' } } : message.json();
    if (ack.error === undefined && ack.stream === USAGE_STREAM) waiting.resolve();
    else waiting.reject(new Error(ack.error?.description ?? 'the message went to another stream'));
  }

  /** Whoever comes first makes the stream; JetStream itself may need a moment after its start. */
  private async ensureStream(): Promise<void> {
    while (!this.streamThere && !this.bus.connection.isClosed()) {
      try {
        await ensureUsageStream(await jetstreamManager(this.bus.connection), this.bus.jetstreamReplicas);
        this.streamThere = true;
      } catch (error) {
        this.logger.warn({
          msg: 'JetStream is not ready, so no request is taken yet; trying again. Look at nats-server and the space on its disk',
          err: error,
        });
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    }
  }
}
