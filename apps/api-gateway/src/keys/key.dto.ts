import { applyDecorators } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import {
  ArrayMaxSize,
  ArrayMinSize,
  ArrayUnique,
  IsArray,
  IsISO8601,
  IsString,
  Length,
  Matches,
} from 'class-validator';
import { MAX_CHUNK_CHARS, MAX_CHUNK_DELAY_MS } from '#contracts/code';
import type { ApiKey } from '../database/api-key.entity';
import { documented, Presence, Text, Whole } from '../http/fields';
import { PageQueryDto } from '../http/page';

const MAX_MODELS = 100;
const MAX_INTEGER = 2_147_483_647;
const MAX_TOKENS = Number.MAX_SAFE_INTEGER;

/** RFC 3339 with an offset, four-digit year: what every client can write and Postgres can store. */
const INSTANT =
  /^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d)$/;

const optional = { optional: true, nullable: true } as const;

const ExpiresAt = (): PropertyDecorator =>
  applyDecorators(
    Presence(optional),
    Matches(INSTANT, { message: 'it must be a time such as 2030-01-31T00:00:00Z' }),
    IsISO8601({ strict: true }, { message: 'there is no such day' }),
    documented(
      { ...optional, description: 'Refused from then on. Null: never.', example: '2030-01-31T00:00:00Z' },
      { type: String, format: 'date-time' },
    ),
  );

const AllowedModels = (): PropertyDecorator =>
  applyDecorators(
    Presence(optional),
    IsArray({ message: 'it must be a list of model names' }),
    ArrayMinSize(1, { message: 'it must name a model, or be null for all' }),
    ArrayMaxSize(MAX_MODELS, { message: `it must not name more than ${MAX_MODELS} models` }),
    ArrayUnique({ message: 'it must not name a model twice' }),
    IsString({ each: true, message: 'each must be a text' }),
    Length(1, 200, { each: true, message: 'each must have 1 to 200 characters' }),
    Matches(/^[^\0]*$/, { each: true, message: 'none may hold NUL characters' }),
    documented(
      { ...optional, description: 'Models that this key may use. Null: all.', example: ['default'] },
      { type: [String] },
    ),
  );

const Name = (isOptional: boolean): PropertyDecorator =>
  Text({ optional: isOptional, max: 100, example: 'IDE on my laptop' });

class KeyLimitsDto {
  @ExpiresAt()
  expiresAt?: string | null;

  @AllowedModels()
  allowedModels?: string[] | null;

  @Whole({ ...optional, max: MAX_INTEGER, description: 'Null: the default of this server.', example: 600 })
  requestsPerMinute?: number | null;

  @Whole({
    ...optional,
    max: MAX_INTEGER,
    description: 'Prompt and answer; the most that a request can use is reserved when it starts. Null: no limit.',
    example: 100_000,
  })
  tokensPerMinute?: number | null;

  @Whole({
    ...optional,
    max: MAX_INTEGER,
    description: 'Requests that run or wait at once. Null: no limit.',
    example: 4,
  })
  concurrentRequests?: number | null;

  @Whole({
    ...optional,
    max: MAX_TOKENS,
    description: 'Tokens of a calendar month (UTC), prompts and answers. Null: no limit.',
    example: 10_000_000,
  })
  monthlyTokens?: number | null;

  @Whole({
    ...optional,
    max: MAX_CHUNK_CHARS,
    description: 'Code assistant: a chunk leaves when it has so many characters. Null: the default of this server.',
    example: 16,
  })
  codeChunkChars?: number | null;

  @Whole({
    ...optional,
    min: 0,
    max: MAX_CHUNK_DELAY_MS,
    description: 'Code assistant: no text waits longer for more of it. Null: the default of this server.',
    example: 60,
  })
  codeChunkDelayMs?: number | null;
}

export class CreateKeyDto extends KeyLimitsDto {
  @Name(false)
  name!: string;
}

export class UpdateKeyDto extends KeyLimitsDto {
  @Name(true)
  name?: string;
}

export class KeysQueryDto extends PageQueryDto {
  @Text({ optional: true, max: 36, description: "Only this user's keys. Others than one's own: admins." })
  user?: string;
}

export class KeyDto {
  @ApiProperty({ format: 'uuid' })
  id!: string;

  @ApiProperty({ format: 'uuid', description: 'Its owner.' })
  userId!: string;

  @ApiProperty()
  name!: string;

  @ApiProperty({ example: 'sk-tandem-...wxyz', description: 'What to recognise it by; the key itself is not stored.' })
  hint!: string;

  @ApiProperty({ type: Date, nullable: true })
  expiresAt!: Date | null;

  @ApiProperty({ type: [String], nullable: true })
  allowedModels!: string[] | null;

  @ApiProperty({ type: 'integer', nullable: true })
  requestsPerMinute!: number | null;

  @ApiProperty({ type: 'integer', nullable: true })
  tokensPerMinute!: number | null;

  @ApiProperty({ type: 'integer', nullable: true })
  concurrentRequests!: number | null;

  @ApiProperty({ type: 'integer', nullable: true })
  monthlyTokens!: number | null;

  @ApiProperty({ type: 'integer', nullable: true })
  codeChunkChars!: number | null;

  @ApiProperty({ type: 'integer', nullable: true })
  codeChunkDelayMs!: number | null;

  @ApiProperty()
  createdAt!: Date;

  @ApiProperty()
  updatedAt!: Date;
}

export class CreatedKeyDto extends KeyDto {
  @ApiProperty({ example: 'sk-tandem-...', description: 'The key: shown now and never again.' })
  key!: string;
}

export function toKeyDto(key: ApiKey): KeyDto {
  return {
    id: key.id,
    userId: key.userId,
    name: key.name,
    hint: key.hint,
    expiresAt: key.expiresAt,
    allowedModels: key.allowedModels,
    requestsPerMinute: key.requestsPerMinute,
    tokensPerMinute: key.tokensPerMinute,
    concurrentRequests: key.concurrentRequests,
    monthlyTokens: key.monthlyTokens,
    codeChunkChars: key.codeChunkChars,
    codeChunkDelayMs: key.codeChunkDelayMs,
    createdAt: key.createdAt,
    updatedAt: key.updatedAt,
  };
}
