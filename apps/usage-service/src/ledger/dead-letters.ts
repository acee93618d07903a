import { headers } from '@nats-io/transport-node';
import { JetStreamApiError, jetstream, jetstreamManager, type JsMsg, type StoredMsg } from '@nats-io/jetstream';
import { Bus } from '#common/bus';
import { DEAD_LETTER_REASON, USAGE_DEAD_STREAM, USAGE_STREAM, UsageSubjects } from '#contracts/usage';
import { Injectable } from '@nestjs/common';
import { Logger } from 'nestjs-pino';
import { ledgerMetrics, type LedgerMetrics } from './ledger-metrics';

/** A kind of fault, for the metric; the header tells the whole of it. */
export type DeadReason = 'invalid' | 'refused_by_database' | 'too_many_deliveries';

/** Of nats-server's errors.json. */
const NO_MESSAGE_FOUND = 10037;

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
    // The same message buried twice, by a repeated delivery, is one letter. A stream that was wiped counts from 1 again.
    await jetstream(this.bus.connection).publish(UsageSubjects.deadLetter, message.data, {
      headers: head,
      msgID: `${message.info.stream}-${message.seq}-${message.info.timestampNanos}`,
    });
    this.metrics.deadLetters.inc({ reason });
    this.logger.error({
      msg: `a usage message is no row of the ledger and was put aside: ${detail}. Mend it, then replay the dead letters`,
      reason,
      sequence: message.seq,
    });
  }

  /** How many letters wait for a replay. */
  async waiting(): Promise<number> {
    const manager = await jetstreamManager(this.bus.connection);
    return (await manager.streams.info(USAGE_DEAD_STREAM)).state.messages;
  }

  /**
   * Puts the letters that are there now back into the ledger's stream, once what they failed at is mended. What still
   * cannot be taken comes back as a new letter. A letter that is replayed twice makes no second row.
   * @returns how many were put back.
   */
  async replay(): Promise<number> {
    const manager = await jetstreamManager(this.bus.connection);
    const { first_seq, last_seq } = (await manager.streams.info(USAGE_DEAD_STREAM)).state;
    let replayed = 0;
    // A stream that never had a letter begins at 0, where there is none to ask for.
    for (let seq = Math.max(1, first_seq); seq <= last_seq; seq++) {
      const letter = await this.letter(seq);
      if (letter === null) continue;
      const ack = await jetstream(this.bus.connection).publish(UsageSubjects.events, letter.data, {
        msgID: `replay-${seq}-${letter.timestamp}`,
        expect: { streamName: USAGE_STREAM },
      });
      // Taken: now it may go from here.
      await manager.streams.deleteMessage(USAGE_DEAD_STREAM, seq, false);
      replayed += ack.duplicate ? 0 : 1;
    }
    this.logger.log({ msg: 'replayed dead letters', replayed });
    return replayed;
  }

  private async letter(seq: number): Promise<StoredMsg | null> {
    const manager = await jetstreamManager(this.bus.connection);
    try {
      return await manager.streams.getMessage(USAGE_DEAD_STREAM, { seq });
    } catch (error) {
      if (error instanceof JetStreamApiError && error.code === NO_MESSAGE_FOUND) return null;
      throw error;
    }
  }
}
