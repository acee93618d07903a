import { headers } from '@nats-io/transport-node';
import { jetstream, type JsMsg } from '@nats-io/jetstream';
import { Bus } from '#common/bus';
import { DEAD_LETTER_REASON, UsageSubjects } from '#contracts/usage';
import { Injectable } from '@nestjs/common';
import { Logger } from 'nestjs-pino';
import { ledgerMetrics, type LedgerMetrics } from './ledger-metrics';

/** A kind of fault, for the metric; the header tells the whole of it. */
export type DeadReason = 'invalid' | 'refused_by_database' | 'too_many_deliveries';

/** Puts aside what cannot be taken, whole and with the reason, so that the rest flows on and nothing is forgotten. */
@Injectable()
export class DeadLetters {
  private readonly metrics: LedgerMetrics = ledgerMetrics();

  constructor(
    private readonly bus: Bus,
    private readonly logger: Logger,
  ) {}

  /** Resolves when the letter is stored; the message may be ended then. */
  async bury(message: JsMsg, reason: DeadReason, detail: string): Promise<void> {
    const head = headers();
    head.set(DEAD_LETTER_REASON, `${reason}: ${detail}`.replace(/[\r\n]+/g, ' ').slice(0, 1_000));
    // The same message buried twice, by a repeated delivery, is one letter.
    await jetstream(this.bus.connection).publish(UsageSubjects.deadLetter, message.data, {
      headers: head,
      msgID: `${message.info.stream}-${message.seq}`,
    });
    this.metrics.deadLetters.inc({ reason });
    this.logger.error({ msg: `a usage message went to the dead letters: ${detail}`, reason, sequence: message.seq });
  }
}
