import { Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { Logger } from 'nestjs-pino';
import { CodedError } from '#contracts/errors';
import { ChatDatabase, type Query } from '../database/chat-database';
import { fold } from './folding';
import { partOf, termsOf } from './search-terms';

const AT_ONCE = 50;
/** Messages whose writer died before it could say that they are there. */
const SWEEP_MS = 2_000;

interface Unsearchable {
  id: string;
  conversation_id: string;
  owner_id: string;
  place: string;
  content: string;
}

/**
 * Makes finished messages searchable, behind the requests that wrote them. Any number of chat-services may do it at once:
 * each takes rows that no other one has.
 */
@Injectable()
export class SearchIndexer implements OnApplicationBootstrap, OnModuleDestroy {
  private timer: NodeJS.Timeout | null = null;
  private running: Promise<void> | null = null;
  private again = false;

  constructor(
    private readonly database: ChatDatabase,
    private readonly logger: Logger,
  ) {}

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => this.wake(), SWEEP_MS);
  }

  async onModuleDestroy(): Promise<void> {
    if (this.timer !== null) clearInterval(this.timer);
    await this.running;
  }

  /** New messages are there. */
  wake(): void {
    this.again = true;
    this.running ??= this.work().finally(() => (this.running = null));
  }

  private async work(): Promise<void> {
    try {
      while (this.again) {
        this.again = false;
        while ((await this.database.transaction(indexSome)) === AT_ONCE);
      }
    } catch (error) {
      // Postgres is away: the sweep comes back to it.
      if (!(error instanceof CodedError))
        this.logger.error({
          msg: 'new messages are not found by search yet; tried again in the next sweep',
          err: error,
        });
    }
  }
}

/** @returns how many messages became searchable. */
async function indexSome(query: Query): Promise<number> {
  const messages = await query<Unsearchable>(
    `SELECT id, conversation_id, owner_id, place, content FROM chat.messages
     WHERE NOT searchable AND state = 'complete' ORDER BY created_at LIMIT ${AT_ONCE} FOR UPDATE SKIP LOCKED`,
  );
  for (const message of messages) await index(query, message);
  const ids = messages.map(({ id }) => id);
  if (ids.length > 0) await query('UPDATE chat.messages SET searchable = true WHERE id = ANY($1)', [ids]);
  return messages.length;
}

async function index(query: Query, message: Unsearchable): Promise<void> {
  const folded = fold(message.content);
  if (folded === '') return;
  const terms = await termsOf(message.owner_id, partOf(Number(message.place)), folded);
  await query(
    `INSERT INTO chat.search_documents (message_id, conversation_id, owner_id, place, folded, terms)
     VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (message_id) DO UPDATE
       SET folded = EXCLUDED.folded, terms = EXCLUDED.terms`,
    [message.id, message.conversation_id, message.owner_id, message.place, folded, terms],
  );
}
