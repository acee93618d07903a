import { randomUUID } from 'node:crypto';
import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { Logger } from 'nestjs-pino';
import { CodedError } from '#contracts/errors';
import { ChatDatabase } from '../database/chat-database';
import { SearchIndexer } from './search-indexer';

const BEAT_MS = 1_000;
/** A writer that has not been heard of for so long is dead, seconds of the database's clock. */
const DEAD_AFTER_S = 5;
/** Who was itself away from the database says nothing about others until it has been back for longer than that. */
const STEADY_BEATS = DEAD_AFTER_S + 2;

/**
 * Says that this chat-service lives, in the database itself, and closes the answers of those that do not: whatever died,
 * an answer never stays `generating`.
 */
@Injectable()
export class Writers implements OnApplicationBootstrap, OnApplicationShutdown {
  /** Of this process: what it began and did not end is over when it is. */
  readonly name = `writer-${randomUUID()}`;
  private timer: NodeJS.Timeout | null = null;
  private steadyBeats = 0;
  private beating = false;

  constructor(
    private readonly database: ChatDatabase,
    private readonly indexer: SearchIndexer,
    private readonly logger: Logger,
  ) {}

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => void this.beat(), BEAT_MS);
  }

  onApplicationShutdown(): void {
    if (this.timer !== null) clearInterval(this.timer);
  }

  private async beat(): Promise<void> {
    if (this.beating) return;
    this.beating = true;
    try {
      await this.database.query(
        `INSERT INTO chat.writers (writer, seen_at) VALUES ($1, now())
         ON CONFLICT (writer) DO UPDATE SET seen_at = now()`,
        [this.name],
      );
      this.steadyBeats += 1;
      if (this.steadyBeats > STEADY_BEATS) await this.closeOrphans();
    } catch (error) {
      this.steadyBeats = 0;
      if (!(error instanceof CodedError))
        this.logger.error({
          msg: 'answers of chat-services that died cannot be closed as interrupted; tried again with the next beat',
          err: error,
        });
    } finally {
      this.beating = false;
    }
  }

  private async closeOrphans(): Promise<void> {
    const closed = await this.database.query(
      `UPDATE chat.messages SET state = 'complete', outcome = 'interrupted', error_code = 'stream_interrupted',
         ended_at = now()
       WHERE state = 'generating' AND NOT EXISTS (
         SELECT FROM chat.writers
         WHERE writers.writer = messages.writer AND seen_at > now() - interval '${DEAD_AFTER_S} seconds')
       RETURNING id`,
    );
    if (closed.length === 0) return;
    this.logger.warn({ msg: 'answers of a chat-service that died are closed as interrupted', answers: closed.length });
    await this.database.query(`DELETE FROM chat.writers WHERE seen_at < now() - interval '1 day'`);
    this.indexer.wake();
  }
}
