import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type {
  Conversation,
  ConversationRef,
  CreateConversation,
  RemovedUserData,
  UpdateConversation,
} from '#contracts/conversations';
import { CodedError } from '#contracts/errors';
import { ChatDatabase, type Query } from '../database/chat-database';
import { fold } from './folding';
import { takePlaces } from './places';
import { CONVERSATION_COLUMNS, conversationOf, type ConversationRow } from './rows';

/** So many conversations are removed in one transaction: a chat of somebody else must not wait for more. */
const REMOVED_AT_ONCE = 10;

/** The rows of conversations; each statement names the owner. */
@Injectable()
export class ConversationsRepository {
  constructor(private readonly database: ChatDatabase) {}

  /** Last used first. @param before places from this one on are left out. */
  recent(ownerId: string, before: number | null, limit: number): Promise<ConversationRow[]> {
    return this.database.query<ConversationRow>(
      `SELECT ${CONVERSATION_COLUMNS} FROM chat.conversations
       WHERE owner_id = $1 AND place < $2 ORDER BY place DESC LIMIT $3`,
      [ownerId, before ?? Number.MAX_SAFE_INTEGER, limit],
    );
  }

  /** The one at this place, or the next newer one; null past the newest. */
  async oldestFrom(ownerId: string, place: number): Promise<ConversationRow | null> {
    const [row] = await this.database.query<ConversationRow>(
      `SELECT ${CONVERSATION_COLUMNS} FROM chat.conversations
       WHERE owner_id = $1 AND place >= $2 ORDER BY place LIMIT 1`,
      [ownerId, place],
    );
    return row ?? null;
  }

  /** @throws CodedError `not_found`, also for one of somebody else */
  async get({ ownerId, id }: ConversationRef): Promise<Conversation> {
    const [row] = await this.database.query<ConversationRow>(
      `SELECT ${CONVERSATION_COLUMNS} FROM chat.conversations WHERE id = $1 AND owner_id = $2`,
      [id, ownerId],
    );
    return found(row);
  }

  /** @throws CodedError `not_found` when the prompt is not one that the owner sees. */
  async create({ ownerId, title, promptId, ...chosen }: CreateConversation): Promise<Conversation> {
    return this.database.transaction(async (query) => {
      if (promptId !== null) await mustSeePrompt(query, ownerId, promptId);
      const place = await takePlaces(query, ownerId, 1);
      const [row] = await query<ConversationRow>(
        `INSERT INTO chat.conversations
           (id, owner_id, place, title, title_folded, title_source, system_prompt, prompt_id, model, parameters)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) RETURNING ${CONVERSATION_COLUMNS}`,
        [
          randomUUID(),
          ownerId,
          place,
          title,
          title === null ? null : fold(title),
          title === null ? 'none' : 'user',
          chosen.systemPrompt,
          promptId,
          chosen.model,
          chosen.parameters,
        ],
      );
      return found(row);
    });
  }

  /** @throws CodedError `not_found` for the conversation, the prompt or the message. */
  async update({ ownerId, id, ...change }: UpdateConversation): Promise<Conversation> {
    return this.database.transaction(async (query) => {
      const [known] = await query<ConversationRow>(
        `SELECT ${CONVERSATION_COLUMNS} FROM chat.conversations WHERE id = $1 AND owner_id = $2 FOR UPDATE`,
        [id, ownerId],
      );
      const row = { ...(known ?? missing()) };
      if (change.title !== undefined) Object.assign(row, { title: change.title, title_source: 'user' });
      if (change.systemPrompt !== undefined) row.system_prompt = change.systemPrompt;
      if (change.promptId !== undefined) {
        if (change.promptId !== null) await mustSeePrompt(query, ownerId, change.promptId);
        row.prompt_id = change.promptId;
      }
      if (change.model !== undefined) row.model = change.model;
      if (change.parameters !== undefined) row.parameters = change.parameters;
      if (change.activeLeafId !== undefined) row.active_leaf_id = await newestLeaf(query, id, change.activeLeafId);
      const [saved] = await query<ConversationRow>(
        `UPDATE chat.conversations SET title = $2, title_folded = $3, title_source = $4, system_prompt = $5,
           prompt_id = $6, active_leaf_id = $7, model = $8, parameters = $9, updated_at = now()
         WHERE id = $1 RETURNING ${CONVERSATION_COLUMNS}`,
        [
          id,
          row.title,
          row.title === null ? null : fold(row.title),
          row.title_source,
          row.system_prompt,
          row.prompt_id,
          row.active_leaf_id,
          row.model,
          row.parameters,
        ],
      );
      return found(saved);
    });
  }

  /** @returns the requests that were still writing into it. @throws CodedError `not_found` */
  async remove({ ownerId, id }: ConversationRef): Promise<string[]> {
    return this.database.transaction(async (query) => {
      const running = await runningIn(query, [id]);
      const removed = await query(`DELETE FROM chat.conversations WHERE id = $1 AND owner_id = $2 RETURNING id`, [
        id,
        ownerId,
      ]);
      if (removed.length === 0) missing();
      return running;
    });
  }

  /** Removes conversations that were last used before this time. */
  async removeUnused(before: Date): Promise<number> {
    let removed = 0;
    for (;;) {
      const part = await this.database.transaction((query) => removeSome(query, 'updated_at < $1', before));
      removed += part.conversations;
      if (part.conversations === 0) return removed;
    }
  }

  /** Everybody of whom something is kept. */
  async owners(): Promise<string[]> {
    const rows = await this.database.query<{ owner_id: string }>(
      `SELECT owner_id FROM chat.owners
       UNION SELECT owner_id FROM chat.prompts WHERE owner_id IS NOT NULL`,
    );
    return rows.map((row) => row.owner_id);
  }

  /** For one who will not come back: the counter of places goes too. */
  async forgetOwner(ownerId: string): Promise<void> {
    await this.database.query('DELETE FROM chat.owners WHERE owner_id = $1', [ownerId]);
  }

  /** Removes all that is kept of an owner. @returns how much it was, and the requests that were still running. */
  async removeOwner(ownerId: string): Promise<RemovedUserData & { running: string[] }> {
    const removed = { conversations: 0, messages: 0, prompts: 0, running: [] as string[] };
    for (;;) {
      const part = await this.database.transaction((query) => removeSome(query, 'owner_id = $1', ownerId));
      removed.conversations += part.conversations;
      removed.messages += part.messages;
      removed.running.push(...part.running);
      if (part.conversations === 0) break;
    }
    const prompts = await this.database.query('DELETE FROM chat.prompts WHERE owner_id = $1 RETURNING id', [ownerId]);
    return { ...removed, prompts: prompts.length };
  }
}

async function removeSome(query: Query, which: 'owner_id = $1' | 'updated_at < $1', value: string | Date) {
  const rows = await query<{ id: string }>(
    `SELECT id FROM chat.conversations WHERE ${which} LIMIT ${REMOVED_AT_ONCE} FOR UPDATE`,
    [value],
  );
  const ids = rows.map(({ id }) => id);
  const running = await runningIn(query, ids);
  const messages = await query('DELETE FROM chat.messages WHERE conversation_id = ANY($1) RETURNING id', [ids]);
  await query('DELETE FROM chat.conversations WHERE id = ANY($1)', [ids]);
  return { conversations: ids.length, messages: messages.length, running };
}

async function runningIn(query: Query, conversationIds: readonly string[]): Promise<string[]> {
  const rows = await query<{ request_id: string }>(
    `SELECT request_id FROM chat.messages
     WHERE conversation_id = ANY($1) AND state = 'generating' AND request_id IS NOT NULL`,
    [conversationIds],
  );
  return rows.map((row) => row.request_id);
}

/** Down from a message, the newest child each time. @throws CodedError `not_found` */
async function newestLeaf(query: Query, conversationId: string, messageId: string): Promise<string> {
  const [row] = await query<{ id: string }>(
    `WITH RECURSIVE path AS (
       SELECT id, depth FROM chat.messages WHERE id = $2 AND conversation_id = $1
       UNION ALL
       SELECT child.id, child.depth FROM path, LATERAL (
         SELECT id, depth FROM chat.messages WHERE parent_id = path.id ORDER BY place DESC LIMIT 1
       ) AS child
     )
     SELECT id FROM path ORDER BY depth DESC LIMIT 1`,
    [conversationId, messageId],
  );
  if (row === undefined)
    throw new CodedError('not_found', 'This conversation has no such message.', { param: 'activeLeafId' });
  return row.id;
}

async function mustSeePrompt(query: Query, ownerId: string, promptId: string): Promise<void> {
  const seen = await query('SELECT 1 FROM chat.prompts WHERE id = $1 AND (owner_id = $2 OR owner_id IS NULL)', [
    promptId,
    ownerId,
  ]);
  if (seen.length === 0) throw new CodedError('not_found', 'There is no prompt with this id.', { param: 'promptId' });
}

function found(row: ConversationRow | undefined): Conversation {
  return conversationOf(row ?? missing());
}

function missing(): never {
  throw new CodedError('not_found', 'There is no conversation with this id.');
}
