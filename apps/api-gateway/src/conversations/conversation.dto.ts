import { applyDecorators } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsIn, IsObject, IsUUID, ValidateNested } from 'class-validator';
import type {
  Answer,
  ConversationListItem,
  ConversationMatch,
  Message,
  SamplingParameters,
  UsedPrompt,
} from '#contracts/conversations';
import { OUTCOMES } from '#contracts/usage';
import { Decimal, documented, Presence, Text, Whole, WholeInQuery } from '../http/fields';
import { PageQueryDto } from '../http/page';

/** Room for a long instruction; the model's context is the real bound. */
export const MAX_SYSTEM_PROMPT = 32_768;
const MAX_TITLE = 200;
const MAX_QUERY = 200;
export const MAX_MESSAGES_PAGE = 1_000;

/** An id of something else, in a body. */
export const Id = (options: { optional?: boolean; nullable?: boolean; description?: string }): PropertyDecorator =>
  applyDecorators(
    Presence(options),
    IsUUID('all', { message: 'it must be an id' }),
    documented(options, { type: String, format: 'uuid' }),
  );

const SystemPrompt = (): PropertyDecorator =>
  Text({
    optional: true,
    nullable: true,
    min: 0,
    max: MAX_SYSTEM_PROMPT,
    description: 'Begins every request of this conversation. Null: the default one; empty: none at all.',
  });

const PromptId = (): PropertyDecorator =>
  Id({ optional: true, nullable: true, description: 'A prompt of the library, where `systemPrompt` is null.' });

const MAX_MODEL = 512;

const Model = (): PropertyDecorator =>
  Text({
    optional: true,
    nullable: true,
    max: MAX_MODEL,
    description: 'Chosen for this conversation; null: the one of the settings, else the one in force.',
  });

const MAX_COUNT = 1_000_000;

/** Kept for the client; the configured caps are applied where a question names them. */
export class SamplingParametersDto implements SamplingParameters {
  @Decimal({ optional: true, min: 0, max: 2 })
  temperature?: number;

  @Decimal({ optional: true, min: 0.001, max: 1 })
  topP?: number;

  @Whole({ optional: true, min: -1, max: MAX_COUNT })
  topK?: number;

  @Whole({ optional: true, max: MAX_COUNT })
  maxTokens?: number;

  @Decimal({ optional: true, min: -2, max: 2 })
  presencePenalty?: number;

  @Decimal({ optional: true, min: -2, max: 2 })
  frequencyPenalty?: number;

  @Whole({ optional: true, min: Number.MIN_SAFE_INTEGER, max: Number.MAX_SAFE_INTEGER })
  seed?: number;
}

const Parameters = (): PropertyDecorator =>
  applyDecorators(
    Presence({ optional: true }),
    Type(() => SamplingParametersDto),
    IsObject({ message: 'it must be an object' }),
    ValidateNested(),
    documented(
      { optional: true, description: 'What its client asks with: all of them, in the place of those before.' },
      { type: SamplingParametersDto },
    ),
  );

export class CreateConversationDto {
  @Text({ optional: true, max: MAX_TITLE, description: 'Without one it writes itself after the first answer.' })
  title?: string;

  @SystemPrompt()
  systemPrompt?: string | null;

  @PromptId()
  promptId?: string | null;

  @Model()
  model?: string | null;

  @Parameters()
  parameters?: SamplingParametersDto;
}

export class UpdateConversationDto {
  @Text({ optional: true, max: MAX_TITLE })
  title?: string;

  @SystemPrompt()
  systemPrompt?: string | null;

  @PromptId()
  promptId?: string | null;

  @Model()
  model?: string | null;

  @Parameters()
  parameters?: SamplingParametersDto;

  @Id({
    optional: true,
    description: 'A message: the path through it, on to its newest end, is what the next question continues.',
  })
  activeLeafId?: string;
}

export class ConversationsQueryDto extends PageQueryDto {
  @Text({ optional: true, min: 0, max: MAX_QUERY, description: 'Looked for in titles and texts.' })
  q?: string;
}

export class MessagesQueryDto {
  @Text({ optional: true, max: 200, description: '`nextCursor` of the page before.' })
  cursor?: string;

  @WholeInQuery({
    optional: true,
    max: MAX_MESSAGES_PAGE,
    description: `Messages at most, ${MAX_MESSAGES_PAGE} by default; fewer where they are long.`,
  })
  limit?: number;
}

const FORMATS = ['md', 'json'] as const;
export type ExportFormat = (typeof FORMATS)[number];

export class ExportQueryDto {
  @Presence({ optional: true })
  @IsIn(FORMATS, { message: `it must be one of ${FORMATS.join(', ')}` })
  @ApiProperty({ enum: FORMATS, required: false, description: 'Default: md.' })
  format?: ExportFormat;
}

class ConversationMatchDto implements ConversationMatch {
  @ApiProperty({ type: String, nullable: true, description: 'Null: in the title.' })
  messageId!: string | null;

  @ApiProperty()
  snippet!: string;
}

const TITLE_SOURCES = ['none', 'first_words', 'model', 'user'] as const;

export class ConversationDto {
  @ApiProperty({ format: 'uuid' })
  id!: string;

  @ApiProperty({ type: String, nullable: true })
  title!: string | null;

  @ApiProperty({ enum: TITLE_SOURCES, enumName: 'TitleSource', description: 'Who wrote the title.' })
  titleSource!: (typeof TITLE_SOURCES)[number];

  @ApiProperty({ type: String, nullable: true })
  systemPrompt!: string | null;

  @ApiProperty({ type: String, nullable: true, format: 'uuid' })
  promptId!: string | null;

  @ApiProperty({ type: String, nullable: true, description: 'Null: of the settings, else the one in force.' })
  model!: string | null;

  @ApiProperty({ description: 'For its client to ask with: a question is answered by what it names itself.' })
  parameters!: SamplingParametersDto;

  @ApiProperty({ type: String, nullable: true, format: 'uuid', description: 'End of the path that was seen last.' })
  activeLeafId!: string | null;

  @ApiProperty({ format: 'date-time' })
  createdAt!: string;

  @ApiProperty({ format: 'date-time' })
  updatedAt!: string;
}

export class ConversationListItemDto extends ConversationDto implements ConversationListItem {
  @ApiProperty({ type: ConversationMatchDto, nullable: true, description: 'Where the search found it.' })
  match!: ConversationMatch | null;
}

class UsedPromptDto implements UsedPrompt {
  @ApiProperty({ enum: ['conversation', 'library', 'user', 'shared'] })
  source!: UsedPrompt['source'];

  @ApiProperty({ type: String, nullable: true })
  promptId!: string | null;

  @ApiProperty({ type: String, nullable: true })
  name!: string | null;

  @ApiProperty()
  text!: string;
}

class AnswerDto implements Answer {
  @ApiProperty({ enum: ['complete', 'generating'] })
  state!: Answer['state'];

  @ApiProperty({ example: 'req_0123456789abcdef0123456789abcdef' })
  requestId!: string;

  @ApiProperty({ type: String, nullable: true })
  model!: string | null;

  @ApiProperty({ enum: OUTCOMES, nullable: true, description: 'Anything but `completed`: the text is a part.' })
  outcome!: (typeof OUTCOMES)[number] | null;

  @ApiProperty({ type: String, nullable: true, description: "The engine's reason to stop: stop, length, ..." })
  stopReason!: string | null;

  @ApiProperty({ type: String, nullable: true })
  errorCode!: string | null;

  @ApiProperty({ type: UsedPromptDto, nullable: true })
  systemPrompt!: UsedPrompt | null;

  @ApiProperty({ description: 'Messages of the history that did not fit the context.' })
  droppedMessages!: number;

  @ApiProperty({ type: Number, nullable: true })
  inputTokens!: number | null;

  @ApiProperty({ type: Number, nullable: true })
  outputTokens!: number | null;

  @ApiProperty({ type: Number, nullable: true })
  ttftMs!: number | null;

  @ApiProperty({ type: Number, nullable: true })
  latencyMs!: number | null;

  @ApiProperty({ type: String, nullable: true, format: 'date-time' })
  endedAt!: string | null;
}

export class MessageDto implements Message {
  @ApiProperty({ format: 'uuid' })
  id!: string;

  @ApiProperty({ type: String, nullable: true, format: 'uuid', description: 'Children of one parent are branches.' })
  parentId!: string | null;

  @ApiProperty({ enum: ['user', 'assistant'] })
  role!: 'user' | 'assistant';

  @ApiProperty()
  content!: string;

  @ApiProperty({ type: String, nullable: true })
  reasoning!: string | null;

  @ApiProperty({ format: 'date-time' })
  createdAt!: string;

  @ApiProperty({ type: AnswerDto, nullable: true, description: 'Null for a question.' })
  answer!: Answer | null;
}
