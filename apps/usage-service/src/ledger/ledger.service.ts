import type { ConsumerMessages } from '@nats-io/jetstream';
import { Bus } from '#common/bus';
import { Readiness } from '#common/readiness';
import { Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { Logger } from 'nestjs-pino';
import { DeadLetters } from './dead-letters';
import { lagOf, openConsumer } from './ledger-consumer';
import { ledgerMetrics, type LedgerMetrics } from './ledger-metrics';
import { LedgerWriter, openBatch } from './ledger-writer';
import { MessageHand } from './message-hand';
import { pause } from './pause';

const OPEN_AGAIN_MS = 1_000;
const LAG_EVERY_MS = 5_000;

/** Keeps the stream of usage events flowing into the ledger, for as long as the service lives. */
@Injectable()
export class LedgerService implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly metrics: LedgerMetrics = ledgerMetrics();
  private readonly stopping = new AbortController();
  private messages: ConsumerMessages | null = null;
  private running: Promise<void> = Promise.resolve();
  private lagTimer: NodeJS.Timeout | undefined;

  constructor(
    private readonly bus: Bus,
    private readonly writer: LedgerWriter,
    private readonly deadLetters: DeadLetters,
    private readonly streamMaxBytes: number,
    readiness: Readiness,
    private readonly logger: Logger,
  ) {
    readiness.add('jetstream', () => this.messages !== null);
    readiness.add('postgres', () => writer.writable);
  }

  onApplicationBootstrap(): void {
    this.running = this.run();
    this.lagTimer = setInterval(() => void this.measureLag(), LAG_EVERY_MS);
  }

  /** What is in hand is still written; what cannot be will be delivered to the next one. */
  async onModuleDestroy(): Promise<void> {
    clearInterval(this.lagTimer);
    this.stopping.abort();
    this.messages?.stop();
    await this.running;
  }

  private async run(): Promise<void> {
    const stop = this.stopping.signal;
    while (!stop.aborted) {
      try {
        await this.consume(stop);
      } catch (error) {
        this.logger.warn({ msg: 'the usage stream cannot be read; trying again', err: error });
      }
      this.messages = null;
      await pause(OPEN_AGAIN_MS, stop);
    }
  }

  private async consume(stop: AbortSignal): Promise<void> {
    const messages = await openConsumer(this.bus, this.streamMaxBytes);
    this.messages = messages;
    if (stop.aborted) messages.stop();
    const hand = new MessageHand();
    let written: Promise<void> = Promise.resolve();
    for await (const together of hand.batches(messages)) {
      const batch = await openBatch(together);
      await written; // one batch after the other, so that what came first is written first
      written = this.writer.take(batch, hand, stop);
      written.catch(() => undefined); // thrown above, or below
    }
    await written;
  }

  private async measureLag(): Promise<void> {
    try {
      this.metrics.lag.set(await lagOf(this.bus));
      this.metrics.deadLettersWaiting.set(await this.deadLetters.waiting());
    } catch (error) {
      this.logger.debug({ msg: 'the lag is not known', err: error });
    }
  }
}
