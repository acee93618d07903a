import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { UsedPrompt } from '#contracts/conversations';
import { CodedError } from '#contracts/errors';
import type { StoredTurn } from '#contracts/chat';
import { ChatDatabase, type Query } from '../database/chat-database';
import { fold } from './folding';
import { takePlaces } from './places';
import { firstWords } from '../titles/first-words';

/** A question and the row that its answer goes into. */
export interface Exchange {
  conversationId: string;
  ownerId: string;
  questionId: string;
  answerId: string;
  /** True where the question was there before: another answer to it. */
  again: boolean;
  /** What was seen last before it. */
  previousLeafId: string | null;
}

/** A message on the way from the question to the beginning. */
export interface PathMessage {
  role: 'user' | 'assistant';
  content: string;
  depth: number;
}

interface Parent {
  id: string;
  parent_id: string | null;
  role: 'user' | 'assistant';
  depth: number;
}

/** Adds questions and answers to the trees of conversations. */
@Injectable()
export class ExchangeRepository {
  constructor(private readonly database: ChatDatabase) {}

  /**
   * Keeps the question, before anybody is asked, with an empty answer that `writer` will fill.
   * @param question null: another answer to the question that `turn.parentId` names, or to the last one.
   * @throws CodedError `not_found`, `invalid_value` for a parent that cannot have such a child.
   */
  async begin(
    ownerId: string,
    requestId: string,
    writer: string,
    turn: StoredTurn,
    question: string | null,
  ): Promise<Exchange> {
    return this.database.transaction(async (query) => {
      const leafId = await lockConversation(query, ownerId, turn.conversationId);
      const parent = await parentOf(query, turn, leafId, question === null);
      const place = await takePlaces(query, ownerId, 2);
      const questionId = question === null ? (parent?.id ?? '') : randomUUID();
      const answerId = randomUUID();
      const depth = parent === null ? 0 : parent.depth + 1;
      if (question !== null) {
        await query(
          `INSERT INTO chat.messages (id, conversation_id, owner_id, place, parent_id, depth, role, content)
           VALUES ($1, $2, $3, $4, $5, $6, 'user', $7)`,
          [questionId, turn.conversationId, ownerId, place, parent?.id ?? null, depth, question],
        );
      }
      await query(
        `INSERT INTO chat.messages
           (id, conversation_id, owner_id, place, parent_id, depth, role, content, state, writer, request_id)
         VALUES ($1, $2, $3, $4, $5, $6, 'assistant', '', 'generating', $7, $8)`,
        [
          answerId,
          turn.conversationId,
          ownerId,
          place + 1,
          questionId,
          question === null ? depth : depth + 1,
          writer,
          requestId,
        ],
      );
      await query(
        `UPDATE chat.conversations SET place = $2, active_leaf_id = $3, updated_at = now(),
           title = coalesce(title, $4), title_folded = coalesce(title_folded, $5),
           title_source = CASE WHEN title IS NULL AND $4::text IS NOT NULL THEN 'first_words' ELSE title_source END
         WHERE id = $1`,
        [turn.conversationId, place + 1, answerId, ...titleOf(question)],
      );
      return {
        conversationId: turn.conversationId,
        ownerId,
        questionId,
        answerId,
        again: question === null,
        previousLeafId: leafId,
      };
    });
  }

  /** As if it had not been asked. */
  async undo({ conversationId, questionId, answerId, again, previousLeafId }: Exchange): Promise<void> {
    await this.database.transaction(async (query) => {
      await query('DELETE FROM chat.messages WHERE id = ANY($1)', [again ? [answerId] : [questionId, answerId]]);
      await query('UPDATE chat.conversations SET active_leaf_id = $2 WHERE id = $1 AND active_leaf_id = $3', [
        conversationId,
        previousLeafId,
        answerId,
      ]);
    });
  }

  /** The question and what came before it, oldest first; no further back than `maxBytes` of text. */
  async path({ conversationId, questionId }: Exchange, maxBytes: number): Promise<PathMessage[]> {
    return this.database.query<PathMessage>(
      `WITH RECURSIVE path AS (
         SELECT parent_id, role, content, depth, octet_length(content)::bigint AS bytes
         FROM chat.messages WHERE id = $1 AND conversation_id = $2
         UNION ALL
         SELECT before.parent_id, before.role, before.content, before.depth, path.bytes + octet_length(before.content)
         FROM path JOIN chat.messages AS before ON before.id = path.parent_id
         WHERE path.bytes < $3
       )
       SELECT role, content, depth FROM path ORDER BY depth`,
      [questionId, conversationId, maxBytes],
    );
  }

  /**
   * The prompt that is in force: the conversation's own text, the one it took from the library, the user's default of the
   * library, the text of the user's settings, the shared default. An empty text means none.
   */
  async promptOf({ conversationId, ownerId }: Exchange, userPrompt: string | null): Promise<UsedPrompt | null> {
    const [row] = await this.database.query<PromptCandidates>(
      `SELECT conversations.system_prompt,
         chosen.id AS chosen_id, chosen.name AS chosen_name, chosen.text AS chosen_text,
         mine.id AS mine_id, mine.name AS mine_name, mine.text AS mine_text,
         shared.id AS shared_id, shared.name AS shared_name, shared.text AS shared_text
       FROM chat.conversations
         LEFT JOIN chat.prompts AS chosen ON chosen.id = conversations.prompt_id
         LEFT JOIN chat.prompts AS mine ON mine.owner_id = $2 AND mine.is_default
         LEFT JOIN chat.prompts AS shared ON shared.owner_id IS NULL AND shared.is_default
       WHERE conversations.id = $1`,
      [conversationId, ownerId],
    );
    const used = row === undefined ? null : inForce(row, userPrompt);
    return used === null || used.text === '' ? null : used;
  }

  /** What the answer was asked with. */
  async describe(answerId: string, model: string, prompt: UsedPrompt | null, dropped: number): Promise<void> {
    await this.database.query(
      `UPDATE chat.messages SET model = $2, prompt_source = $3, prompt_id = $4, prompt_name = $5, prompt_text = $6,
         dropped_messages = $7 WHERE id = $1`,
      [
        answerId,
        model,
        prompt?.source ?? null,
        prompt?.promptId ?? null,
        prompt?.name ?? null,
        prompt?.text ?? null,
        dropped,
      ],
    );
  }
}

interface PromptCandidates {
  system_prompt: string | null;
  chosen_id: string | null;
  chosen_name: string | null;
  chosen_text: string | null;
  mine_id: string | null;
  mine_name: string | null;
  mine_text: string | null;
  shared_id: string | null;
  shared_name: string | null;
  shared_text: string | null;
}

function inForce(row: PromptCandidates, userPrompt: string | null): UsedPrompt | null {
  if (row.system_prompt !== null)
    return { source: 'conversation', promptId: null, name: null, text: row.system_prompt };
  if (row.chosen_text !== null)
    return { source: 'library', promptId: row.chosen_id, name: row.chosen_name, text: row.chosen_text };
  if (row.mine_text !== null)
    return { source: 'user', promptId: row.mine_id, name: row.mine_name, text: row.mine_text };
  if (userPrompt !== null) return { source: 'user', promptId: null, name: null, text: userPrompt };
  if (row.shared_text !== null)
    return { source: 'shared', promptId: row.shared_id, name: row.shared_name, text: row.shared_text };
  return null;
}

/** The lock makes one after the other of two questions at once. @returns its active leaf. */
async function lockConversation(query: Query, ownerId: string, id: string): Promise<string | null> {
  const [row] = await query<{ active_leaf_id: string | null }>(
    'SELECT active_leaf_id FROM chat.conversations WHERE id = $1 AND owner_id = $2 FOR UPDATE',
    [id, ownerId],
  );
  if (row === undefined)
    throw new CodedError('not_found', 'There is no conversation with this id.', { param: 'conversationId' });
  return row.active_leaf_id;
}

/** The message that the new one follows; null: it begins the conversation. @throws CodedError */
async function parentOf(
  query: Query,
  { conversationId, parentId }: StoredTurn,
  leafId: string | null,
  again: boolean,
): Promise<Parent | null> {
  const id = parentId === undefined ? leafId : parentId;
  const named = id === null ? null : await messageIn(query, conversationId, id);
  if (again) {
    const question =
      named?.role === 'assistant' && named.parent_id !== null && parentId === undefined
        ? await messageIn(query, conversationId, named.parent_id)
        : named;
    if (question?.role !== 'user') throw wrongParent('Another answer needs a question: name one of yours.');
    return question;
  }
  if (named?.role === 'user') throw wrongParent('A question follows an answer, or begins the conversation.');
  return named;
}

async function messageIn(query: Query, conversationId: string, id: string): Promise<Parent> {
  const [row] = await query<Parent>(
    'SELECT id, parent_id, role, depth FROM chat.messages WHERE id = $1 AND conversation_id = $2',
    [id, conversationId],
  );
  if (row === undefined)
    throw new CodedError('not_found', 'This conversation has no such message.', { param: 'parentId' });
  return row;
}

function wrongParent(message: string): CodedError {
  return new CodedError('invalid_value', `Invalid 'parentId': ${message}`, { param: 'parentId' });
}

/** The first words stand as the title until a better one is there. */
function titleOf(question: string | null): [string | null, string | null] {
  const title = question === null ? null : firstWords(question);
  return title === null ? [null, null] : [title, fold(title)];
}
