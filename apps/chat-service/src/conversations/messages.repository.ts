import { Injectable } from '@nestjs/common';
import type { ConversationRef } from '#contracts/conversations';
import { ChatDatabase } from '../database/chat-database';
import { MESSAGE_COLUMNS, type MessageRow } from './rows';

/** Text of one page of messages, bytes; the first message of a page is there however long it is. */
const PAGE_BYTES = 2 * 1024 * 1024;

/** Reads the messages of a conversation. */
@Injectable()
export class MessagesRepository {
  constructor(private readonly database: ChatDatabase) {}

  /** In the order in which they were written, after a place; fewer than `limit` where they are long. */
  page({ ownerId, id }: ConversationRef, after: number, limit: number): Promise<MessageRow[]> {
    return this.database.query<MessageRow>(
      `SELECT ${MESSAGE_COLUMNS} FROM (
         SELECT *, sum(octet_length(content) + coalesce(octet_length(reasoning), 0) + coalesce(octet_length(prompt_text), 0))
           OVER (ORDER BY place) - octet_length(content) AS bytes_before
         FROM (
           SELECT * FROM chat.messages
           WHERE conversation_id = $1 AND owner_id = $2 AND place > $3 ORDER BY place LIMIT $4
         ) AS next
       ) AS counted
       WHERE bytes_before < ${PAGE_BYTES} ORDER BY place`,
      [id, ownerId, after, limit],
    );
  }

  async anyAfter({ ownerId, id }: ConversationRef, place: number): Promise<boolean> {
    const rows = await this.database.query(
      'SELECT 1 FROM chat.messages WHERE conversation_id = $1 AND owner_id = $2 AND place > $3 LIMIT 1',
      [id, ownerId, place],
    );
    return rows.length > 0;
  }
}
