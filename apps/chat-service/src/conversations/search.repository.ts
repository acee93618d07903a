import { Injectable } from '@nestjs/common';
import { ChatDatabase } from '../database/chat-database';
import { likePattern } from './folding';
import { CONVERSATION_COLUMNS, type ConversationRow } from './rows';
import { partOf, queryTerms } from './search-terms';

/** A conversation with the newest place where the text stands in it. */
export interface Hit {
  conversationId: string;
  place: number;
  /** Null: in the title, which counts as new as the conversation. */
  messageId: string | null;
}

/**
 * Finds texts. The index gives candidates (search-terms.ts), the text itself decides. An owner's history is read part
 * by part from the newest on, so that a common word costs no more than its first page.
 */
@Injectable()
export class SearchRepository {
  constructor(private readonly database: ChatDatabase) {}

  /** Conversations whose newest hit is before `before`, newest first; at most `limit`. */
  async find(ownerId: string, folded: string, before: number | null, limit: number): Promise<Hit[]> {
    const newest = before ?? (await this.lastPlace(ownerId)) + 1;
    const hits = new Map<string, Hit>();
    const titles = await this.titleHits(ownerId, folded, newest, limit);
    let parts = 1;
    for (let last = partOf(newest - 1); last >= 0; last -= parts, parts *= 2) {
      const first = Math.max(0, last - parts + 1);
      for (const hit of await this.textHits(ownerId, folded, newest, first, last)) {
        if (!hits.has(hit.conversationId)) hits.set(hit.conversationId, hit);
      }
      if (before !== null) await this.dropSeen(hits, folded, newest);
      if (hits.size >= limit) break;
    }
    // Hits of the title come first where both are: they are as new as the conversation.
    for (const title of titles) hits.set(title.conversationId, title);
    const ordered = [...hits.values()].sort((a, b) => b.place - a.place);
    return ordered.slice(0, limit);
  }

  /** The rows of these conversations. */
  conversations(ownerId: string, ids: readonly string[]): Promise<ConversationRow[]> {
    return this.database.query<ConversationRow>(
      `SELECT ${CONVERSATION_COLUMNS} FROM chat.conversations WHERE owner_id = $1 AND id = ANY($2)`,
      [ownerId, ids],
    );
  }

  /** Texts of messages, by id. */
  async texts(ids: readonly string[]): Promise<Map<string, string>> {
    const rows = await this.database.query<{ id: string; content: string }>(
      'SELECT id, content FROM chat.messages WHERE id = ANY($1)',
      [ids],
    );
    return new Map(rows.map(({ id, content }) => [id, content]));
  }

  private async lastPlace(ownerId: string): Promise<number> {
    const [row] = await this.database.query<{ last: string }>(
      'SELECT last_place AS last FROM chat.owners WHERE owner_id = $1',
      [ownerId],
    );
    return Number(row?.last ?? 0);
  }

  private async titleHits(ownerId: string, folded: string, before: number, limit: number): Promise<Hit[]> {
    const rows = await this.database.query<{ id: string; place: string }>(
      `SELECT id, place FROM chat.conversations
       WHERE owner_id = $1 AND place < $2 AND title_folded LIKE $3 ORDER BY place DESC LIMIT $4`,
      [ownerId, before, likePattern(folded), limit],
    );
    return rows.map(({ id, place }) => ({ conversationId: id, place: Number(place), messageId: null }));
  }

  /** Of each conversation the newest text in these parts, newest first. */
  private async textHits(
    ownerId: string,
    folded: string,
    before: number,
    firstPart: number,
    lastPart: number,
  ): Promise<Hit[]> {
    const values: unknown[] = [ownerId, before, likePattern(folded)];
    const anyPart: string[] = [];
    for (let part = lastPart; part >= firstPart; part--) {
      values.push(queryTerms(ownerId, part, folded));
      anyPart.push(`terms @> $${values.length}::integer[]`);
    }
    const rows = await this.database.query<{ conversation_id: string; message_id: string; place: string }>(
      `SELECT DISTINCT ON (conversation_id) conversation_id, message_id, place FROM chat.search_documents
       WHERE (${anyPart.join(' OR ')}) AND owner_id = $1 AND place < $2 AND folded LIKE $3
       ORDER BY conversation_id, place DESC`,
      values,
    );
    return rows
      .map((row) => ({ conversationId: row.conversation_id, messageId: row.message_id, place: Number(row.place) }))
      .sort((a, b) => b.place - a.place);
  }

  /** Leaves out the conversations that an earlier page has shown: those with a newer hit. */
  private async dropSeen(hits: Map<string, Hit>, folded: string, from: number): Promise<void> {
    if (hits.size === 0) return;
    const rows = await this.database.query<{ id: string }>(
      `SELECT id FROM chat.conversations WHERE id = ANY($1) AND (
         (place >= $2 AND title_folded LIKE $3)
         OR EXISTS (SELECT FROM chat.search_documents
                    WHERE conversation_id = conversations.id AND place >= $2 AND folded LIKE $3))`,
      [[...hits.keys()], from, likePattern(folded)],
    );
    for (const { id } of rows) hits.delete(id);
  }
}
