import { jetstream, jetstreamManager, type JetStreamClient } from '@nats-io/jetstream';
import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Logger } from 'nestjs-pino';
import { UsageSubjects, type UsageBatch } from '#contracts/usage';
import { Bus } from '#common/bus';
import { ensureUsageStream } from '#common/usage-stream';

/** An answer to a publish that takes longer than this is as good as none. */
const PUBLISH_TIMEOUT_MS = 3_000;
const RETRY_MS = 500;

/** Publishes ledger events to JetStream, where an ack means: on disk. */
@Injectable()
export class JournalPublisher implements OnModuleInit {
  private readonly client: JetStreamClient;
  private streamThere = false;

  constructor(
    private readonly bus: Bus,
    private readonly logger: Logger,
  ) {
    this.client = jetstream(bus.connection, { timeout: PUBLISH_TIMEOUT_MS });
  }

  get ready(): boolean {
    return this.streamThere;
  }

  onModuleInit(): void {
    void this.ensureStream();
  }

  /** @throws when the message was not taken; it may be published again under the same id. */
  async publish(batch: UsageBatch, messageId: string): Promise<void> {
    await this.client.publish(UsageSubjects.events, JSON.stringify(batch), {
      msgID: messageId,
      timeout: PUBLISH_TIMEOUT_MS,
    });
  }

  /** Whoever comes first makes the stream; JetStream itself may need a moment after its start. */
  private async ensureStream(): Promise<void> {
    while (!this.streamThere && !this.bus.connection.isClosed()) {
      try {
        await ensureUsageStream(await jetstreamManager(this.bus.connection));
        this.streamThere = true;
      } catch (error) {
        this.logger.warn({ msg: 'JetStream is not ready; trying again', err: error });
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    }
  }
}
