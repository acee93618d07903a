import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';

/*
 * For the API document only: requests are checked by generation-request.ts, field by field and with the configured
 * caps, and answers pass as the engine wrote them.
 */

export class ChatMessageDto {
  @ApiProperty({ enum: ['system', 'developer', 'user', 'assistant', 'tool'] })
  role!: string;

  @ApiProperty({
    oneOf: [{ type: 'string' }, { type: 'array', items: { type: 'object' } }],
    description: 'Text, or parts of type `text` and `image_url` (images in the request itself, as `data:` URLs).',
  })
  content!: unknown;
}

export class StreamOptionsDto {
  @ApiPropertyOptional({ description: 'Ask for a last chunk with the token counts.' })
  include_usage?: boolean;
}

class SamplingDto {
  @ApiProperty({ example: 'default', description: 'A model of `/v1/models`; `default` is the one in force.' })
  model!: string;

  @ApiPropertyOptional({ example: true })
  stream?: boolean;

  @ApiPropertyOptional({ type: StreamOptionsDto })
  stream_options?: StreamOptionsDto;

  @ApiPropertyOptional({ minimum: 0, maximum: 2, example: 0.7 })
  temperature?: number;

  @ApiPropertyOptional({ minimum: 0, maximum: 1, example: 0.95 })
  top_p?: number;

  @ApiPropertyOptional({ minimum: 1, description: 'Choices to generate; capped by configuration.' })
  n?: number;

  @ApiPropertyOptional({ minimum: 1, example: 256 })
  max_tokens?: number;

  @ApiPropertyOptional({ oneOf: [{ type: 'string' }, { type: 'array', items: { type: 'string' } }] })
  stop?: unknown;

  @ApiPropertyOptional({ minimum: -2, maximum: 2 })
  presence_penalty?: number;

  @ApiPropertyOptional({ minimum: -2, maximum: 2 })
  frequency_penalty?: number;

  @ApiPropertyOptional({ type: 'object', additionalProperties: { type: 'number' } })
  logit_bias?: Record<string, number>;

  @ApiPropertyOptional()
  seed?: number;
}

export class ChatCompletionRequestDto extends SamplingDto {
  @ApiProperty({ type: [ChatMessageDto], example: [{ role: 'user', content: 'Say hello in Korean.' }] })
  messages!: ChatMessageDto[];

  @ApiPropertyOptional({ minimum: 1 })
  max_completion_tokens?: number;

  @ApiPropertyOptional()
  logprobs?: boolean;

  @ApiPropertyOptional({ minimum: 0, maximum: 20 })
  top_logprobs?: number;

  @ApiPropertyOptional({ type: 'array', items: { type: 'object' } })
  tools?: object[];

  @ApiPropertyOptional({ oneOf: [{ type: 'string', enum: ['none', 'auto', 'required'] }, { type: 'object' }] })
  tool_choice?: unknown;

  @ApiPropertyOptional({ type: 'object', additionalProperties: true, example: { type: 'json_object' } })
  response_format?: object;
}

export class CompletionRequestDto extends SamplingDto {
  @ApiProperty({
    oneOf: [
      { type: 'string' },
      { type: 'array', items: { type: 'string' } },
      { type: 'array', items: { type: 'integer' } },
    ],
    example: 'Once upon a time',
  })
  prompt!: unknown;

  @ApiPropertyOptional({ minimum: 0, maximum: 20 })
  logprobs?: number;

  @ApiPropertyOptional()
  echo?: boolean;
}

export class UsageDto {
  @ApiProperty()
  prompt_tokens!: number;

  @ApiProperty()
  completion_tokens!: number;

  @ApiProperty()
  total_tokens!: number;
}

class AnswerDto {
  @ApiProperty({ example: 'chatcmpl-req_0123456789abcdef0123456789abcdef' })
  id!: string;

  @ApiProperty({ description: 'Seconds since the epoch.' })
  created!: number;

  @ApiProperty()
  model!: string;

  @ApiProperty({ type: UsageDto })
  usage!: UsageDto;
}

export class ChatChoiceDto {
  @ApiProperty()
  index!: number;

  @ApiProperty({ type: ChatMessageDto })
  message!: ChatMessageDto;

  @ApiProperty({ enum: ['stop', 'length', 'tool_calls'] })
  finish_reason!: string;
}

export class ChatCompletionDto extends AnswerDto {
  @ApiProperty({ enum: ['chat.completion'] })
  object!: string;

  @ApiProperty({ type: [ChatChoiceDto] })
  choices!: ChatChoiceDto[];
}

export class CompletionChoiceDto {
  @ApiProperty()
  index!: number;

  @ApiProperty()
  text!: string;

  @ApiProperty({ enum: ['stop', 'length'] })
  finish_reason!: string;
}

export class CompletionDto extends AnswerDto {
  @ApiProperty({ enum: ['text_completion'] })
  object!: string;

  @ApiProperty({ type: [CompletionChoiceDto] })
  choices!: CompletionChoiceDto[];
}

export class ModelDto {
  @ApiProperty({ example: 'default' })
  id!: string;

  @ApiProperty({ enum: ['model'] })
  object!: string;

  @ApiProperty({ description: 'Seconds since the epoch.' })
  created!: number;

  @ApiProperty({ example: 'tandem' })
  owned_by!: string;

  @ApiProperty({ type: Number, nullable: true, description: 'Context length in tokens.' })
  max_model_len!: number | null;
}

export class ModelListDto {
  @ApiProperty({ enum: ['list'] })
  object!: string;

  @ApiProperty({ type: [ModelDto] })
  data!: ModelDto[];
}
