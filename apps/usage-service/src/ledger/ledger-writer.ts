import type { JsMsg } from '@nats-io/jetstream';
import type { UsageEvent } from '#contracts/usage';
import { Injectable } from '@nestjs/common';
import { Logger } from 'nestjs-pino';
import { setImmediate as turnOfOthers } from 'node:timers/promises';
import { DeadLetters, type DeadReason } from './dead-letters';
import { ledgerMetrics, type LedgerMetrics } from './ledger-metrics';
import { LedgerRepository, prepareRows, type PreparedRows } from './ledger.repository';
import { mergeEvents } from './merge-events';
import type { MessageHand } from './message-hand';
import { pause } from './pause';
import { readUsageBatch } from './usage-batch.schema';

/** A message that came so often and never got through kills who takes it. */
const MAX_DELIVERIES = 10;
const FIRST_RETRY_MS = 100;
/** The ledger must have caught up within a minute after Postgres is back. */
const LAST_RETRY_MS = 5_000;

/** A message, the events in it that are good, and why it must be put aside, if it must. */
export interface Letter {
  message: JsMsg;
  events: UsageEvent[];
  fault: { reason: DeadReason; detail: string } | null;
}

/** Messages that are written together, and the rows that they make. */
export interface LedgerBatch {
  letters: Letter[];
  events: UsageEvent[];
  rows: PreparedRows;
}

type Written = { kind: 'written' } | { kind: 'refused'; detail: string } | { kind: 'stopped' };

/** Makes rows of messages: written first, acknowledged after. What cannot be a row goes to the dead letters. */
@Injectable()
export class LedgerWriter {
  private readonly metrics: LedgerMetrics = ledgerMetrics();
  private databaseAnswers = true;

  constructor(
    private readonly repository: LedgerRepository,
    private readonly deadLetters: DeadLetters,
    private readonly logger: Logger,
  ) {}

  /** False while writes fail. */
  get writable(): boolean {
    return this.databaseAnswers;
  }

  /** Resolves when every message is dealt with, however long the database is away, or when `stop` is aborted. */
  async take({ letters, events, rows }: LedgerBatch, hand: MessageHand, stop: AbortSignal): Promise<void> {
    const written = await this.write(events, rows, stop);
    // One of them spoils the whole: each by itself, to find out which.
    if (written.kind === 'refused') for (const letter of letters) await this.writeAlone(letter, stop);
    if (stop.aborted && written.kind !== 'written') return;
    for (const letter of letters) await this.settle(letter, hand);
  }

  private async writeAlone(letter: Letter, stop: AbortSignal): Promise<void> {
    const written = await this.writeEvents(letter.events, stop);
    if (written.kind !== 'refused') return;
    letter.fault ??= { reason: 'refused_by_database', detail: written.detail };
    for (const event of letter.events) await this.writeEvents([event], stop);
  }

  private writeEvents(events: readonly UsageEvent[], stop: AbortSignal): Promise<Written> {
    return this.write(events, prepareRows(mergeEvents(events)), stop);
  }

  /** Tries until the rows stand in the database, or can never stand there. */
  private async write(events: readonly UsageEvent[], rows: PreparedRows, stop: AbortSignal): Promise<Written> {
    for (let failures = 0; ; failures++) {
      const endTimer = this.metrics.writeSeconds.startTimer();
      try {
        const written = await this.repository.upsert(rows);
        endTimer();
        this.noteWritten(events, written);
        return { kind: 'written' };
      } catch (error) {
        const detail = error instanceof Error ? error.message : String(error);
        if (LedgerRepository.isFaultOfTheData(error)) return { kind: 'refused', detail };
        this.noteUnavailable(detail);
        await pause(Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(failures, 10)), stop);
        if (stop.aborted) return { kind: 'stopped' };
      }
    }
  }

  private async settle({ message, fault }: Letter, hand: MessageHand): Promise<void> {
    if (fault === null) {
      hand.acknowledge(message);
      return;
    }
    try {
      await this.deadLetters.bury(message, fault.reason, fault.detail);
      hand.acknowledge(message);
    } catch (error) {
      this.logger.warn({ msg: 'a dead letter could not be stored; the message will come again', err: error });
      hand.release(message);
    }
  }

  private noteWritten(events: readonly UsageEvent[], rows: number): void {
    if (!this.databaseAnswers) this.logger.log({ msg: 'the ledger can be written again' });
    this.databaseAnswers = true;
    this.metrics.rows.inc(rows);
    for (const { kind } of events) this.metrics.events.inc({ kind });
  }

  private noteUnavailable(reason: string): void {
    this.metrics.writeFailures.inc();
    if (this.databaseAnswers)
      this.logger.warn({ msg: 'the ledger cannot be written; the stream holds the events', reason });
    this.databaseAnswers = false;
  }
}

/**
 * Opens messages and makes their rows. It costs as much as writing them: the next batch is opened while Postgres has this
 * one, message by message, since a transaction is several turns, and Postgres waited for each of them until all were opened.
 */
export async function openBatch(messages: readonly JsMsg[]): Promise<LedgerBatch> {
  const letters: Letter[] = [];
  for (const message of messages) {
    letters.push(readLetter(message));
    await turnOfOthers();
  }
  const events = letters.flatMap((letter) => letter.events);
  return { letters, events, rows: prepareRows(mergeEvents(events)) };
}

function readLetter(message: JsMsg): Letter {
  const deliveries = message.info.deliveryCount;
  if (deliveries > MAX_DELIVERIES)
    return { message, events: [], fault: { reason: 'too_many_deliveries', detail: `delivered ${deliveries} times` } };
  const { events, fault } = readUsageBatch(message.data);
  return { message, events, fault: fault === null ? null : { reason: 'invalid', detail: fault } };
}
