import { applyDecorators } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import { IsIn } from 'class-validator';
import type { User } from '../database/user.entity';
import { documented, Presence, Text } from '../http/fields';
import { toUserDto, UserDto } from './user.dto';

const LANGUAGES = ['en', 'ko'] as const;
/** Room for a long instruction; the model's context is the real bound. */
const MAX_SYSTEM_PROMPT = 32_768;

const Language = (): PropertyDecorator =>
  applyDecorators(
    Presence({ optional: true, nullable: true }),
    IsIn(LANGUAGES, { message: `it must be one of ${LANGUAGES.join(', ')}` }),
    documented(
      { optional: true, nullable: true, description: "Of the web UI; null: the browser's." },
      { enum: LANGUAGES, enumName: 'Language' },
    ),
  );

export class UpdateMeDto {
  @Language()
  language?: 'en' | 'ko' | null;

  @Text({ optional: true, nullable: true, max: 200 })
  defaultModel?: string | null;

  @Text({ optional: true, nullable: true, max: MAX_SYSTEM_PROMPT })
  defaultSystemPrompt?: string | null;

  @Text({ optional: true, min: 8, max: 256, description: 'The new password; needs `currentPassword`.' })
  password?: string;

  @Text({ optional: true, max: 256 })
  currentPassword?: string;
}

export class MeDto extends UserDto {
  @ApiProperty({ enum: LANGUAGES, enumName: 'Language', nullable: true })
  language!: string | null;

  @ApiProperty({ type: String, nullable: true })
  defaultModel!: string | null;

  @ApiProperty({ type: String, nullable: true })
  defaultSystemPrompt!: string | null;
}

export function toMeDto(user: User): MeDto {
  const { language, defaultModel, defaultSystemPrompt } = user;
  return Object.assign(toUserDto(user), { language, defaultModel, defaultSystemPrompt });
}
