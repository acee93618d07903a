import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { CodedError } from '#contracts/errors';
import type { CreatePrompt, ListPrompts, Prompt, PromptOwner, PromptRef, UpdatePrompt } from '#contracts/prompts';
import { ChatDatabase, type Query } from '../database/chat-database';

interface PromptRow {
  id: string;
  owner_id: string | null;
  name: string;
  text: string;
  is_default: boolean;
  created_at: Date;
  updated_at: Date;
}

const COLUMNS = 'id, owner_id, name, text, is_default, created_at, updated_at';

/** Newer than this place of a list come first. */
export interface PromptPlace {
  createdAt: number;
  id: string;
}

/** The library of system prompts. */
@Injectable()
export class PromptsRepository {
  constructor(private readonly database: ChatDatabase) {}

  /** Newest first, after a place. */
  async page({ owner, withShared, limit }: Omit<ListPrompts, 'cursor'>, after: PromptPlace | null): Promise<Prompt[]> {
    const rows = await this.database.query<PromptRow>(
      `SELECT ${COLUMNS} FROM chat.prompts
       WHERE (owner_id IS NOT DISTINCT FROM $1 OR ($2 AND owner_id IS NULL))
         AND ($3::timestamptz IS NULL OR (created_at, id) < ($3, $4::uuid))
       ORDER BY created_at DESC, id DESC LIMIT $5`,
      [ownerId(owner), withShared, after === null ? null : new Date(after.createdAt), after?.id ?? null, limit],
    );
    return rows.map(promptOf);
  }

  /** All of a user's own, for the export of their data. */
  async own(userId: string): Promise<Pick<Prompt, 'id' | 'name' | 'text'>[]> {
    return this.database.query('SELECT id, name, text FROM chat.prompts WHERE owner_id = $1 ORDER BY created_at, id', [
      userId,
    ]);
  }

  async create({ owner, name, text, isDefault }: CreatePrompt): Promise<Prompt> {
    return this.database.transaction(async (query) => {
      if (isDefault) await noDefault(query, owner);
      const [row] = await query<PromptRow>(
        `INSERT INTO chat.prompts (id, owner_id, name, text, is_default) VALUES ($1, $2, $3, $4, $5)
         RETURNING ${COLUMNS}`,
        [randomUUID(), ownerId(owner), name, text, isDefault],
      );
      return promptOf(row ?? missing());
    });
  }

  /** @throws CodedError `not_found`, also for one of somebody else */
  async update({ owner, id, name, text, isDefault }: UpdatePrompt): Promise<Prompt> {
    return this.database.transaction(async (query) => {
      if (isDefault === true) await noDefault(query, owner);
      const [row] = await query<PromptRow>(
        `UPDATE chat.prompts SET name = coalesce($3, name), text = coalesce($4, text),
           is_default = coalesce($5, is_default), updated_at = now()
         WHERE id = $1 AND owner_id IS NOT DISTINCT FROM $2 RETURNING ${COLUMNS}`,
        [id, ownerId(owner), name ?? null, text ?? null, isDefault ?? null],
      );
      return promptOf(row ?? missing());
    });
  }

  /** Conversations that used it have their default again. @throws CodedError `not_found` */
  async remove({ owner, id }: PromptRef): Promise<void> {
    const removed = await this.database.query(
      'DELETE FROM chat.prompts WHERE id = $1 AND owner_id IS NOT DISTINCT FROM $2 RETURNING id',
      [id, ownerId(owner)],
    );
    if (removed.length === 0) missing();
  }
}

/** Takes the default away from the prompt that has it, if one does. The lock keeps two from becoming it at once. */
async function noDefault(query: Query, owner: PromptOwner): Promise<void> {
  await query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [`chat.prompts ${ownerId(owner) ?? 'shared'}`]);
  await query('UPDATE chat.prompts SET is_default = false WHERE owner_id IS NOT DISTINCT FROM $1 AND is_default', [
    ownerId(owner),
  ]);
}

function ownerId(owner: PromptOwner): string | null {
  return owner.kind === 'user' ? owner.userId : null;
}

function promptOf(row: PromptRow): Prompt {
  return {
    id: row.id,
    shared: row.owner_id === null,
    name: row.name,
    text: row.text,
    isDefault: row.is_default,
    createdAt: row.created_at.toISOString(),
    updatedAt: row.updated_at.toISOString(),
  };
}

function missing(): never {
  throw new CodedError('not_found', 'There is no prompt with this id.');
}
