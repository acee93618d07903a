import { applyDecorators } from '@nestjs/common';
import {
  ApiBadRequestResponse,
  ApiBody,
  ApiNotFoundResponse,
  ApiOkResponse,
  ApiOperation,
  ApiPropertyOptional,
  ApiServiceUnavailableResponse,
  ApiTooManyRequestsResponse,
} from '@nestjs/swagger';
import { ErrorResponseDto } from '../http/error.dto';
import { ChatMessageDto } from '../openai/openai.dto';

/** For the API document only: chat-request.ts checks. */
class ChatRequestDto {
  @ApiPropertyOptional({ type: [ChatMessageDto], description: 'Stateless: the whole conversation. Nothing is kept.' })
  messages?: ChatMessageDto[];

  @ApiPropertyOptional({ format: 'uuid', description: 'In place of `messages`: a kept conversation.' })
  conversationId?: string;

  @ApiPropertyOptional({ description: 'The question. Left out: another answer to the question `parentId`.' })
  content?: string;

  @ApiPropertyOptional({
    type: String,
    format: 'uuid',
    nullable: true,
    description:
      'The message that the question follows, which makes a branch where it has followers already; null: it begins ' +
      'the conversation. Left out: the path that was seen last.',
  })
  parentId?: string | null;

  @ApiPropertyOptional({ example: 'default', description: 'Left out: the one of your settings, else `default`.' })
  model?: string;

  @ApiPropertyOptional({ minimum: 0, maximum: 2, example: 0.7 })
  temperature?: number;

  @ApiPropertyOptional({ minimum: 1, example: 256 })
  maxTokens?: number;
}

const STREAM =
  'Server-sent events: `queue` (`position`, `expectedSeconds`) while the request waits, `meta` (request, conversation ' +
  'and message ids, model, system prompt, how many messages of the history did not fit), then unnamed events, each one ' +
  'chunk in OpenAI’s format, the last one with the token counts, then `data: [DONE]`. A failure after the first event ' +
  'is `data: {"error": {...}}`, and no `[DONE]` follows.';

const EXAMPLES = {
  stateless: { summary: 'Stateless', value: { messages: [{ role: 'user', content: 'Say hello in Korean.' }] } },
  kept: {
    summary: 'In a conversation',
    value: { conversationId: '00000000-0000-4000-8000-000000000000', content: 'Say hello in Korean.' },
  },
};

export const ApiChat = (): MethodDecorator =>
  applyDecorators(
    ApiOperation({
      summary: 'Chat',
      description:
        'With `messages` alone, or in a kept conversation. Sampling parameters are those of `/v1/chat/completions`, in ' +
        'camelCase or as OpenAI spells them. History that does not fit the model is left out from its oldest turn on; ' +
        'the system prompt and the question never are.',
    }),
    ApiBody({ type: ChatRequestDto, examples: EXAMPLES }),
    ApiOkResponse({ description: STREAM, content: { 'text/event-stream': { schema: { type: 'string' } } } }),
    ApiBadRequestResponse({ description: 'A field is wrong, or the question is too long.', type: ErrorResponseDto }),
    ApiNotFoundResponse({ description: 'No such conversation, message or model.', type: ErrorResponseDto }),
    ApiTooManyRequestsResponse({ type: ErrorResponseDto }),
    ApiServiceUnavailableResponse({ type: ErrorResponseDto }),
  );
