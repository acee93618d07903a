import { Injectable } from '@nestjs/common';
import type {
  ConversationListItem,
  ConversationPage,
  ConversationRef,
  ExportUser,
  ListConversations,
  ListMessages,
  MessagePage,
  RemovedUserData,
  UserDataPage,
} from '#contracts/conversations';
import { ChatSubjects, type CancelRequest } from '#contracts/generate';
import { Bus } from '#common/bus';
import { PromptsRepository } from '../prompts/prompts.repository';
import { ConversationsRepository } from './conversations.repository';
import { readPlaces, writeCursor } from './cursor';
import { fold, snippet } from './folding';
import { MessagesRepository } from './messages.repository';
import { conversationOf, messageOf, type ConversationRow, type MessageRow } from './rows';
import { SearchRepository, type Hit } from './search.repository';

/** An answer travels in one NATS message (max_payload 8 MiB), in JSON, which may be longer than its texts. */
const MAX_PAGE_JSON_BYTES = 6 * 1024 * 1024;
const EXPORT_MESSAGES = 500;

/** Lists, pages, removal: what the routes of conversations ask for. */
@Injectable()
export class ConversationsService {
  constructor(
    private readonly conversations: ConversationsRepository,
    private readonly messages: MessagesRepository,
    private readonly search: SearchRepository,
    private readonly prompts: PromptsRepository,
    private readonly bus: Bus,
  ) {}

  /** @throws CodedError `invalid_value` for a cursor of somebody else's making. */
  async list({ ownerId, query, cursor, limit }: ListConversations): Promise<ConversationPage> {
    const before = cursor === null ? null : (readPlaces(cursor, 1)[0] ?? null);
    const folded = fold(query ?? '').trim();
    if (folded === '') {
      const rows = await this.conversations.recent(ownerId, before, limit + 1);
      const places = rows.map(({ place }) => Number(place));
      return { items: rows.slice(0, limit).map((row) => listed(row, null)), nextCursor: nextOf(places, limit) };
    }
    const hits = await this.search.find(ownerId, folded, before, limit + 1);
    const items = await this.hitItems(ownerId, folded, hits.slice(0, limit));
    return {
      items,
      nextCursor: nextOf(
        hits.map(({ place }) => place),
        limit,
      ),
    };
  }

  /** @throws CodedError `not_found`, `invalid_value` */
  async page({ cursor, limit, ...ref }: ListMessages): Promise<MessagePage> {
    const after = cursor === null ? 0 : (readPlaces(cursor, 1)[0] ?? 0);
    await this.conversations.get(ref);
    const rows = fitting(await this.messages.page(ref, after, limit));
    // A page that is not full may have been cut for its size: only an empty one is surely the last.
    const more = rows.length > 0 && (await this.messages.anyAfter(ref, lastPlace(rows)));
    return { items: rows.map(messageOf), nextCursor: more ? writeCursor(lastPlace(rows)) : null };
  }

  /** What still wrote into it is cancelled. @throws CodedError `not_found` */
  async remove(ref: ConversationRef): Promise<void> {
    this.cancel(await this.conversations.remove(ref));
  }

  async removeUser(ownerId: string): Promise<RemovedUserData> {
    const { running, ...removed } = await this.conversations.removeOwner(ownerId);
    this.cancel(running);
    return removed;
  }

  /** One page: the next messages of the conversation at hand, or the first of the next one; the prompts at the end. */
  async exportUser({ ownerId, cursor }: ExportUser): Promise<UserDataPage> {
    const [at, after] = cursor === null ? [0, 0] : (readPlaces(cursor, 2) as [number, number]);
    const row = await this.conversations.oldestFrom(ownerId, at);
    if (row === null)
      return { conversation: null, messages: [], prompts: await this.prompts.own(ownerId), nextCursor: null };
    const conversation = conversationOf(row);
    const ref = { ownerId, id: conversation.id };
    const place = Number(row.place);
    // Another one than the page before was in: that one was removed, or had new messages, meanwhile.
    const from = place === at ? after : 0;
    const rows = fitting(await this.messages.page(ref, from, EXPORT_MESSAGES));
    const more = rows.length > 0 && (await this.messages.anyAfter(ref, lastPlace(rows)));
    return {
      conversation: from === 0 ? conversation : null,
      messages: rows.map(messageOf),
      prompts: [],
      nextCursor: more ? writeCursor(place, lastPlace(rows)) : writeCursor(place + 1, 0),
    };
  }

  private async hitItems(ownerId: string, folded: string, hits: readonly Hit[]): Promise<ConversationListItem[]> {
    const inText = hits.flatMap(({ messageId }) => (messageId === null ? [] : [messageId]));
    const [rows, texts] = await Promise.all([
      this.search.conversations(
        ownerId,
        hits.map(({ conversationId }) => conversationId),
      ),
      this.search.texts(inText),
    ]);
    const byId = new Map(rows.map((row) => [row.id, row]));
    return hits.flatMap(({ conversationId, messageId }) => {
      const row = byId.get(conversationId);
      if (row === undefined) return []; // removed since it was found
      const text = messageId === null ? row.title : texts.get(messageId);
      return [listed(row, { messageId, snippet: snippet(text ?? '', folded) })];
    });
  }

  private cancel(requestIds: readonly string[]): void {
    for (const requestId of requestIds) {
      const message: CancelRequest = { requestId, userId: null };
      this.bus.publishJson(ChatSubjects.cancelRequest, message);
    }
  }
}

function listed(row: ConversationRow, match: ConversationListItem['match']): ConversationListItem {
  return { ...conversationOf(row), match };
}

/** One more than the page was asked for, so as to know whether there is a next one. */
function nextOf(places: readonly number[], limit: number): string | null {
  const last = places[limit - 1];
  return places.length > limit && last !== undefined ? writeCursor(last) : null;
}

function lastPlace(rows: readonly MessageRow[]): number {
  return Number(rows.at(-1)?.place ?? 0);
}

/** As many rows as one message takes, at least one. */
function fitting(rows: MessageRow[]): MessageRow[] {
  // In JSON a character is six bytes at most.
  const most = rows.reduce((sum, row) => sum + 6 * charsOf(row), 0);
  if (most <= MAX_PAGE_JSON_BYTES) return rows;
  let bytes = 0;
  const end = rows.findIndex((row, at) => {
    bytes += Buffer.byteLength(JSON.stringify([row.content, row.reasoning, row.prompt_text]));
    return at > 0 && bytes > MAX_PAGE_JSON_BYTES;
  });
  return end === -1 ? rows : rows.slice(0, end);
}

function charsOf({ content, reasoning, prompt_text }: MessageRow): number {
  return content.length + (reasoning?.length ?? 0) + (prompt_text?.length ?? 0);
}
