import { setTimeout as delay } from 'node:timers/promises';
import { Inject, Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { Logger } from 'nestjs-pino';
import type { DataSource, EntityManager } from 'typeorm';
import { CodedError } from '#contracts/errors';
import { connectDatabase } from '#common/database';
import { isDatabaseAway } from '#common/database-errors';
import { Readiness } from '#common/readiness';
import { CHAT_CONFIG, type ChatConfig } from '../config';
import { Conversations1700000000000 } from './1700000000000-conversations';
import { ConversationOptions1795270000000 } from './1795270000000-conversation-options';

const RETRY_MS = 1_000;
/** Longer than any statement of ours takes; a Postgres that fell silent must not hold a chat. */
const QUERY_TIMEOUT_MS = 10_000;

/** Runs one statement and hands back its rows. */
export type Query = <Row>(sql: string, values?: readonly unknown[]) => Promise<Row[]>;

/**
 * The schema `chat`. Unlike in other services it is connected behind the start: tokens flow without Postgres, and only
 * what needs conversations is refused while it is away.
 */
@Injectable()
export class ChatDatabase implements OnModuleInit, OnApplicationShutdown {
  private source: DataSource | null = null;
  private stopped = false;

  constructor(
    @Inject(CHAT_CONFIG) private readonly config: ChatConfig,
    private readonly logger: Logger,
    readiness: Readiness,
  ) {
    // Once it was there it is not waited for: a service that loses Postgres still chats.
    readiness.add('postgres', () => this.source !== null);
  }

  onModuleInit(): void {
    void this.connect();
  }

  async onApplicationShutdown(): Promise<void> {
    this.stopped = true;
    await this.source?.destroy();
  }

  /** Whether it was ever there. */
  get ready(): boolean {
    return this.source !== null;
  }

  /** @throws CodedError `service_unavailable` while Postgres is away. */
  readonly query: Query = async <Row>(sql: string, values: readonly unknown[] = []): Promise<Row[]> =>
    rowsOf<Row>(await guarded(() => this.connected().query(sql, [...values])));

  /** All of the statements or none. @throws CodedError `service_unavailable` while Postgres is away. */
  async transaction<T>(work: (query: Query) => Promise<T>): Promise<T> {
    return guarded(() => this.connected().transaction((manager) => work(queryOf(manager))));
  }

  private connected(): DataSource {
    if (this.source === null) throw away(undefined);
    return this.source;
  }

  private async connect(): Promise<void> {
    for (let said = false; !this.stopped && this.source === null;) {
      try {
        this.source = await connectDatabase({
          url: this.config.DATABASE_URL,
          schema: 'chat',
          entities: [],
          migrations: [Conversations1700000000000, ConversationOptions1795270000000],
          queryTimeoutMs: QUERY_TIMEOUT_MS,
        });
      } catch (error) {
        if (!said) this.logger.warn({ msg: 'no database yet; conversations wait for it, chat does not', err: error });
        said = true;
        await delay(RETRY_MS, undefined, { ref: false });
      }
    }
  }
}

function queryOf(manager: EntityManager): Query {
  return async <Row>(sql: string, values: readonly unknown[] = []) =>
    rowsOf<Row>(await manager.query<unknown>(sql, [...values]));
}

/** TypeORM hands back `[rows, count]` for UPDATE and DELETE, rows alone for the rest. */
function rowsOf<Row>(result: unknown): Row[] {
  const [first, second] = result as [unknown, unknown];
  return (Array.isArray(first) && typeof second === 'number' ? first : result) as Row[];
}

async function guarded<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (isDatabaseAway(error)) throw away(error);
    throw error;
  }
}

function away(cause: unknown): CodedError {
  return new CodedError('service_unavailable', 'The database of the conversations is away. Try again in a moment.', {
    cause,
  });
}
