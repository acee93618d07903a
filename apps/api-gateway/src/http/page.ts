import type { Type } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import { CodedError } from '#contracts/errors';
import type { ObjectLiteral, SelectQueryBuilder } from 'typeorm';
import { z } from 'zod';
import { Text, WholeInQuery } from './fields';

const DEFAULT_LIMIT = 50;

/** Which part of a list is asked for. */
export class PageQueryDto {
  @Text({ optional: true, max: 200, description: '`nextCursor` of the page before.' })
  cursor?: string;

  @WholeInQuery({ optional: true, max: 200, description: `Items at most; ${DEFAULT_LIMIT} by default.` })
  limit?: number;
}

export interface Page<T> {
  items: T[];
  /** Null: this was the last page. */
  nextCursor: string | null;
}

/** The API document's schema of a list. */
export function pageOf<T>(item: Type<T>): Type<Page<T>> {
  class PageDto implements Page<T> {
    @ApiProperty({ type: [item] })
    items!: T[];

    @ApiProperty({ type: String, nullable: true, description: 'Send it as `cursor` for the next page.' })
    nextCursor!: string | null;
  }
  Object.defineProperty(PageDto, 'name', { value: `${item.name.replace(/Dto$/, '')}PageDto` });
  return PageDto;
}

interface Listed {
  id: string;
  createdAt: Date;
}

const cursorSchema = z.tuple([z.int().min(0).max(8_640_000_000_000_000), z.uuid()]);

/**
 * One page of a query, newest first, by keyset: a page costs the same wherever it is, and what is added meanwhile moves
 * nothing. @throws CodedError `invalid_value` for a cursor that no list of ours gave.
 */
export async function page<T extends ObjectLiteral & Listed>(
  query: SelectQueryBuilder<T>,
  { cursor, limit = DEFAULT_LIMIT }: PageQueryDto,
): Promise<Page<T>> {
  const { alias } = query;
  if (cursor !== undefined) {
    const [at, id] = readCursor(cursor);
    query.andWhere(`(${alias}.created_at, ${alias}.id) < (:at, :id)`, { at: new Date(at), id });
  }
  query
    .orderBy(`${alias}.createdAt`, 'DESC')
    .addOrderBy(`${alias}.id`, 'DESC')
    .take(limit + 1);
  const rows = await query.getMany();
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  return { items, nextCursor: rows.length > limit && last !== undefined ? writeCursor(last) : null };
}

function writeCursor({ createdAt, id }: Listed): string {
  return Buffer.from(JSON.stringify([createdAt.getTime(), id])).toString('base64url');
}

function readCursor(cursor: string): [at: number, id: string] {
  try {
    return cursorSchema.parse(JSON.parse(Buffer.from(cursor, 'base64url').toString()));
  } catch (cause) {
    throw new CodedError('invalid_value', "Invalid 'cursor': take it from `nextCursor` of a list.", {
      param: 'cursor',
      cause,
    });
  }
}
