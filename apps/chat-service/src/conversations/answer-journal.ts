import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { Logger } from 'nestjs-pino';
import { CodedError } from '#contracts/errors';
import { counter, gauge } from '#common/metrics';
import { ChatDatabase } from '../database/chat-database';
import { AnswerRecord, type AnswerSnapshot } from './answer-record';
import { SearchIndexer } from './search-indexer';

/** A crash loses at most the last second of text: this, and the time of one statement. */
const FLUSH_MS = 400;
/** Text that waits for a Postgres that is away, characters; past it the oldest ended answers keep what was written. */
const MAX_WAITING_CHARS = 64 * 1024 * 1024;
const AT_ONCE = 200;
const STOP_LIMIT_MS = 5_000;

/** A later word of the same writer wins, also over somebody who thought it dead. */
const WRITE = `
  UPDATE chat.messages AS kept SET
    content = fresh.content, reasoning = fresh.reasoning, stop_reason = fresh.stop_reason, state = fresh.state,
    outcome = fresh.outcome, error_code = fresh.error_code, input_tokens = fresh.input_tokens,
    output_tokens = fresh.output_tokens, ttft_ms = fresh.ttft_ms, latency_ms = fresh.latency_ms,
    ended_at = CASE WHEN fresh.state = 'complete' THEN now() END, searchable = false
  FROM jsonb_to_recordset($1::jsonb) AS fresh (id uuid, content text, reasoning text, stop_reason text, state text,
    outcome text, error_code text, input_tokens bigint, output_tokens bigint, ttft_ms real, latency_ms real)
  WHERE kept.id = fresh.id AND (kept.state = 'generating' OR kept.outcome = 'interrupted')`;

/** Writes answers down while they are streamed: a few times a second, all that changed in one statement. */
@Injectable()
export class AnswerJournal implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly records = new Set<AnswerRecord>();
  private timer: NodeJS.Timeout | null = null;
  private writing: Promise<void> | null = null;
  private readonly lost = counter('tandem_chat_answers_lost_total', 'Answers whose end could not be written down', []);

  constructor(
    private readonly database: ChatDatabase,
    private readonly indexer: SearchIndexer,
    private readonly logger: Logger,
  ) {
    const { records } = this;
    gauge('tandem_chat_answers_open', 'Answers that are streamed or wait to be written down', [], function () {
      this.set(records.size);
    });
  }

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => this.flush(), FLUSH_MS);
  }

  onApplicationShutdown(): void {
    if (this.timer !== null) clearInterval(this.timer);
  }

  /** Begins to keep an answer, whose row is there. */
  open(id: string): AnswerRecord {
    const record = new AnswerRecord(id);
    this.records.add(record);
    return record;
  }

  /** Forgets an answer, whose row is gone. */
  drop(record: AnswerRecord): void {
    this.records.delete(record);
  }

  /** Resolves when all that ended is written down, or could not be within five seconds. */
  async idle(): Promise<void> {
    const deadline = performance.now() + STOP_LIMIT_MS;
    while ([...this.records].some(({ ended }) => ended) && performance.now() < deadline) {
      this.flush();
      await this.writing;
      if (!this.database.ready) return;
    }
  }

  /** Writes what changed, unless that is being done. */
  flush(): void {
    if (this.writing !== null) return;
    const dirty = [...this.records].filter((record) => record.dirty).slice(0, AT_ONCE);
    if (dirty.length === 0) return;
    this.writing = this.write(dirty).finally(() => (this.writing = null));
  }

  private async write(records: readonly AnswerRecord[]): Promise<void> {
    const snapshots = records.map((record) => record.read());
    try {
      await this.database.query(WRITE, [JSON.stringify(snapshots.map(rowOf))]);
    } catch (error) {
      for (const record of records) record.dirty = true;
      this.keepBound();
      // Postgres is away: the next turn tries again.
      if (!(error instanceof CodedError))
        this.logger.error({
          msg: 'answers could not be written down; they are kept in memory and tried again',
          err: error,
        });
      return;
    }
    const ended = records.filter((_, at) => snapshots[at]?.ending !== null);
    for (const record of ended) this.records.delete(record);
    if (ended.length > 0) this.indexer.wake();
  }

  private keepBound(): void {
    let waiting = [...this.records].reduce((sum, { size }) => sum + size, 0);
    for (const record of this.records) {
      if (waiting <= MAX_WAITING_CHARS) return;
      if (!record.ended) continue;
      this.records.delete(record);
      waiting -= record.size;
      this.lost.inc();
      this.logger.error({
        msg: 'an answer is lost to its conversation: the database was away for so long that no memory is left to keep it. Its client has read it',
        id: record.id,
      });
    }
  }
}

function rowOf({ id, content, reasoning, stopReason, ending }: AnswerSnapshot): Record<string, unknown> {
  return {
    id,
    content,
    reasoning,
    stop_reason: stopReason,
    state: ending === null ? 'generating' : 'complete',
    outcome: ending?.outcome ?? null,
    error_code: ending?.errorCode ?? null,
    input_tokens: ending?.inputTokens ?? null,
    output_tokens: ending?.outputTokens ?? null,
    ttft_ms: ending?.ttftMs ?? null,
    latency_ms: ending?.latencyMs ?? null,
  };
}
