import { ApiProperty } from '@nestjs/swagger';
import { applyDecorators } from '@nestjs/common';
import { IsBoolean } from 'class-validator';
import type { Prompt } from '#contracts/prompts';
import { MAX_SYSTEM_PROMPT } from '../conversations/conversation.dto';
import { documented, Presence, Text } from '../http/fields';

const IsDefault = (): PropertyDecorator =>
  applyDecorators(
    Presence({ optional: true }),
    IsBoolean({ message: 'it must be true or false' }),
    documented(
      { optional: true, description: 'In force where a conversation has none of its own; takes the place of another.' },
      { type: Boolean },
    ),
  );

export class CreatePromptDto {
  @Text({ max: 200 })
  name!: string;

  @Text({ max: MAX_SYSTEM_PROMPT })
  text!: string;

  @IsDefault()
  isDefault?: boolean;
}

export class UpdatePromptDto {
  @Text({ optional: true, max: 200 })
  name?: string;

  @Text({ optional: true, max: MAX_SYSTEM_PROMPT })
  text?: string;

  @IsDefault()
  isDefault?: boolean;
}

export class PromptDto implements Prompt {
  @ApiProperty({ format: 'uuid' })
  id!: string;

  @ApiProperty({ description: "The admins', for everybody." })
  shared!: boolean;

  @ApiProperty()
  name!: string;

  @ApiProperty()
  text!: string;

  @ApiProperty()
  isDefault!: boolean;

  @ApiProperty({ format: 'date-time' })
  createdAt!: string;

  @ApiProperty({ format: 'date-time' })
  updatedAt!: string;
}
