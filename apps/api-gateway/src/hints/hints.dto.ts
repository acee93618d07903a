import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { BACKENDS, type Backend } from '#contracts/code';
import {
  HINT_CHECKS,
  HINT_LEVELS,
  HINT_LOCALES,
  HINT_MODES,
  type HintAnswer,
  type HintCheck,
  type HintLevel,
  type HintLocale,
  type HintMode,
  type HintModels,
  type HintSettings,
} from '#contracts/hints';
import { CodeUsageDto } from '../code/code.dto';

/** For the API document only: hint-request.ts checks. */
export class HintRequestDto {
  @ApiProperty({ description: 'The exercise.', example: 'Write a function that adds up the numbers of a list.' })
  problem!: string;

  @ApiProperty({
    description: 'What the student has so far; may be empty.',
    example: 'def total(xs):\n    t = 0\n    for i in range(len(xs) + 1):\n        t += xs[i]\n    return t\n',
  })
  code!: string;

  @ApiPropertyOptional({ type: String, nullable: true, example: 'python' })
  language?: string | null;

  @ApiProperty({ enum: HINT_LEVELS, description: '1: a question. 2: where to look. 3: what kind of mistake it is.' })
  level!: HintLevel;

  @ApiProperty({ enum: HINT_LOCALES, enumName: 'HintLocale', description: 'The language of the hint.' })
  locale!: HintLocale;
}

export class HintAnswerDto implements HintAnswer {
  @ApiProperty()
  requestId!: string;

  @ApiProperty({
    enum: BACKENDS,
    enumName: 'Backend',
    description: 'Who wrote the hint: `local` for one without a model, also where a model had given too much away.',
  })
  backend!: Backend;

  @ApiProperty({ description: 'The model that was asked; `rules` where none was.' })
  model!: string;

  @ApiProperty({ enum: HINT_LEVELS })
  level!: HintLevel;

  @ApiProperty({ enum: HINT_LOCALES, enumName: 'HintLocale' })
  locale!: HintLocale;

  @ApiProperty({ type: String, nullable: true })
  language!: string | null;

  @ApiProperty({ example: 'hint@1', description: 'Template and version that the hint was made with.' })
  template!: string;

  @ApiProperty({ type: 'integer', description: 'Characters of problem and code that were left out of the prompt.' })
  droppedChars!: number;

  @ApiProperty({
    enum: HINT_CHECKS,
    enumName: 'HintCheck',
    description:
      '`passed`: the answer gave nothing away. `asked_again`: the first one did. `replaced`: both did, and a safe hint stands in their place.',
  })
  check!: HintCheck;

  @ApiProperty({ example: 'Which are the first and the last place of a list with three items?' })
  hint!: string;

  @ApiProperty({ type: CodeUsageDto, nullable: true })
  usage!: CodeUsageDto | null;
}

export class HintHealthDto {
  @ApiProperty({ enum: ['ok', 'degraded'], description: '`degraded`: not by the backend of the mode.' })
  status!: 'ok' | 'degraded';

  @ApiProperty({ enum: HINT_MODES, enumName: 'HintMode' })
  mode!: HintMode;

  @ApiProperty({ enum: BACKENDS, enumName: 'Backend', description: 'Who would give a hint now.' })
  backend!: Backend;

  @ApiProperty({ type: String, nullable: true })
  model!: string | null;

  @ApiProperty({ type: String, nullable: true, description: 'Why the backend of the mode would not.' })
  reason!: string | null;
}

export class PutHintServerDto {
  @ApiProperty({ example: 'https://llm.example.com/v1' })
  url!: string;

  @ApiProperty({ example: 'gpt-4.1-mini' })
  model!: string;

  @ApiPropertyOptional({
    type: String,
    nullable: true,
    description:
      'Stored encrypted, and never given back. Left out: the stored one stays, as long as the URL is of the same server. Null: none.',
  })
  key?: string | null;
}

export class PutHintSettingsDto {
  @ApiProperty({
    enum: HINT_MODES,
    enumName: 'HintMode',
    description: '`vllm`: the engines of this installation. `api`: another server. `local`: rules, without a model.',
  })
  mode!: HintMode;

  @ApiProperty({ description: 'The rules give the hint where the model cannot be had; each answer says so.' })
  localWhenAway!: boolean;

  @ApiProperty({ type: String, nullable: true, description: 'Of the mode `vllm`; null: the model in force.' })
  model!: string | null;

  @ApiProperty({ type: PutHintServerDto, nullable: true })
  api!: PutHintServerDto | null;
}

export class TryHintSettingsDto {
  @ApiProperty({ type: PutHintSettingsDto, description: 'As for `PUT /api/hints/settings`.' })
  settings!: PutHintSettingsDto;

  @ApiProperty({ type: HintRequestDto })
  hint!: HintRequestDto;
}

class HintServerDto {
  @ApiProperty()
  url!: string;

  @ApiProperty()
  model!: string;

  @ApiProperty({ description: 'A key is stored.' })
  hasKey!: boolean;
}

export class HintSettingsDto implements HintSettings {
  @ApiProperty({ enum: HINT_MODES, enumName: 'HintMode' })
  mode!: HintMode;

  @ApiProperty()
  localWhenAway!: boolean;

  @ApiProperty({ type: String, nullable: true })
  model!: string | null;

  @ApiProperty({ type: HintServerDto, nullable: true })
  api!: HintServerDto | null;

  @ApiProperty({ type: String, format: 'date-time', nullable: true, description: 'Null: nobody has set anything yet.' })
  updatedAt!: string | null;

  @ApiProperty({ description: 'False: SETTINGS_ENCRYPTION_KEY is not set, so no key of another server can be stored.' })
  takesKeys!: boolean;
}

export class AskHintModelsDto {
  @ApiProperty({ example: 'https://llm.example.com/v1' })
  url!: string;

  @ApiPropertyOptional({ type: String, nullable: true, description: 'Left out: the stored one, for the same server.' })
  key?: string | null;
}

export class HintModelsDto implements HintModels {
  @ApiProperty({ type: [String] })
  models!: string[];
}
