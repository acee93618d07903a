import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import {
  BACKENDS,
  CODE_MODEL_TYPES,
  type Backend,
  type CodeAnswer,
  type CodeModel,
  type CodeModelType,
  type CodeUsage,
} from '#contracts/code';

/** For the API document only: code-request.ts checks. */
export class CodeRequestDto {
  @ApiProperty({ enum: CODE_MODEL_TYPES, enumName: 'CodeModelType', description: 'What is asked for.' })
  modelType!: CodeModelType;

  @ApiPropertyOptional({
    description:
      'What to do. Alone: the text before the cursor (`autocomplete`) or the code to work on (`comment`, `error_fix`).',
    example: 'print("Jay")',
  })
  prompt?: string;

  @ApiPropertyOptional({ example: 'python' })
  language?: string;

  @ApiPropertyOptional({ description: 'Code before the cursor.' })
  prefix?: string;

  @ApiPropertyOptional({ description: 'Code after the cursor.' })
  suffix?: string;

  @ApiPropertyOptional({ description: 'Code that the answer replaces.' })
  selection?: string;

  @ApiPropertyOptional({ description: 'Of `error_fix`: what the compiler or the run said.' })
  error?: string;

  @ApiPropertyOptional({ minimum: 0, maximum: 2, description: 'Left out: as the template of the type says.' })
  temperature?: number;

  @ApiPropertyOptional({ minimum: 1 })
  maxTokens?: number;

  @ApiPropertyOptional({ example: 'default' })
  model?: string;

  @ApiPropertyOptional({
    description:
      'False: never by another server, also where the configuration allows one. Keys that are limited to some models never are.',
  })
  fallback?: boolean;

  @ApiPropertyOptional({ minimum: 1, maximum: 4096, description: 'A chunk leaves when it has so many characters.' })
  chunkChars?: number;

  @ApiPropertyOptional({ minimum: 0, maximum: 1000, description: 'No text waits longer than this for more of it.' })
  chunkDelayMs?: number;
}

export class CodeUsageDto implements CodeUsage {
  @ApiProperty({ type: 'integer' })
  inputTokens!: number;

  @ApiProperty({ type: 'integer' })
  outputTokens!: number;
}

export class CodeAnswerDto implements CodeAnswer {
  @ApiProperty()
  requestId!: string;

  @ApiProperty({ enum: BACKENDS, enumName: 'Backend', description: 'Who gave the answer.' })
  backend!: Backend;

  @ApiProperty()
  model!: string;

  @ApiProperty({ enum: CODE_MODEL_TYPES, enumName: 'CodeModelType' })
  modelType!: CodeModelType;

  @ApiProperty({ type: String, nullable: true })
  language!: string | null;

  @ApiProperty({ example: 'prompt@1', description: 'Template and version that the prompt was made with.' })
  template!: string;

  @ApiProperty({ type: 'integer', description: 'Characters around the cursor that were left out of the prompt.' })
  droppedChars!: number;

  @ApiProperty({ example: 'print("Jay")', description: 'Code and nothing else.' })
  code!: string;

  @ApiProperty({ type: String, nullable: true, example: 'stop' })
  finishReason!: string | null;

  @ApiProperty({ type: CodeUsageDto, nullable: true })
  usage!: CodeUsageDto | null;
}

class CodeModelDto implements CodeModel {
  @ApiProperty({ description: 'The name to ask for.' })
  id!: string;

  @ApiProperty({ enum: BACKENDS, enumName: 'Backend' })
  backend!: Backend;

  @ApiProperty({ type: 'integer', nullable: true })
  contextTokens!: number | null;

  @ApiProperty({ description: 'Autocomplete uses the fill-in-the-middle tokens of the model.' })
  fillInTheMiddle!: boolean;
}

class CodeModelTypeDto {
  @ApiProperty({ example: 'autocomplete' })
  id!: string;

  @ApiProperty({ type: 'integer', description: 'Version of its template.' })
  template!: number;
}

export class CodeModelsDto {
  @ApiProperty({ type: [CodeModelDto] })
  items!: CodeModelDto[];

  @ApiProperty({ type: String, nullable: true })
  nextCursor!: string | null;

  @ApiProperty({ type: [CodeModelTypeDto] })
  modelTypes!: CodeModelTypeDto[];
}

export class CodeHealthDto {
  @ApiProperty({ enum: ['ok', 'degraded'], description: '`degraded`: not by the engines of this installation.' })
  status!: 'ok' | 'degraded';

  @ApiProperty({ enum: BACKENDS, enumName: 'Backend', description: 'Who would answer now.' })
  backend!: Backend;

  @ApiProperty()
  model!: string;

  @ApiProperty({ type: String, nullable: true, description: 'Why the engines of this installation would not answer.' })
  reason!: string | null;
}
