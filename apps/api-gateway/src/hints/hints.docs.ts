import { applyDecorators } from '@nestjs/common';
import {
  ApiBadRequestResponse,
  ApiBody,
  ApiOkResponse,
  ApiOperation,
  ApiServiceUnavailableResponse,
  ApiTooManyRequestsResponse,
} from '@nestjs/swagger';
import { ErrorResponseDto } from '../http/error.dto';
import { backendHeaders } from '../streaming/backend-header.docs';
import { HintAnswerDto, HintHealthDto, HintRequestDto, TryHintSettingsDto } from './hints.dto';

const headers = backendHeaders(
  'Who gave the hint: `vllm` (an engine of this installation), `fallback` (another server) or `local` (no model).',
);

const common = (): MethodDecorator =>
  applyDecorators(
    ApiBody({ type: HintRequestDto }),
    ApiBadRequestResponse({ description: 'A field is wrong; `param` names it.', type: ErrorResponseDto }),
    ApiTooManyRequestsResponse({ type: ErrorResponseDto }),
    ApiServiceUnavailableResponse({
      description: 'Nobody can give a hint now: a plain sentence in the language of `locale`.',
      type: ErrorResponseDto,
    }),
  );

export const ApiHint = (): MethodDecorator =>
  applyDecorators(
    ApiOperation({
      summary: 'A hint for a programming exercise',
      description:
        'A question or a nudge, deeper by level, never the solution. What a model answers is looked through before anybody ' +
        'reads it; an answer that gives too much away is asked for once more, then replaced by a safe hint. The same keys, ' +
        'limits, queue, ledger and errors as for every other generation; hints are not cached.',
    }),
    ApiOkResponse({ type: HintAnswerDto, headers }),
    common(),
  );

export const ApiHintTrial = (): MethodDecorator =>
  applyDecorators(
    ApiOperation({
      summary: 'Try settings with one hint',
      description:
        'Nothing is stored. A hint as `POST /api/v1/hints` gives it, by who the settings name: without the rules in the place of ' +
        'one that cannot be had. It has its row in the ledger; another server has the profile `hints-trial` there.',
    }),
    ApiOkResponse({ type: HintAnswerDto, headers }),
    ApiBody({ type: TryHintSettingsDto }),
    ApiBadRequestResponse({ description: 'A field is wrong; `param` names it.', type: ErrorResponseDto }),
    ApiServiceUnavailableResponse({ description: 'Nobody gives a hint with these, and why.', type: ErrorResponseDto }),
  );

export const ApiHintStream = (): MethodDecorator =>
  applyDecorators(
    ApiOperation({
      summary: 'A hint, as a stream',
      description:
        'Server-sent events: `queue` while the request waits (for more than a second), `meta`, then unnamed events in OpenAI’s format, the last one ' +
        'with the token counts, then `data: [DONE]`. The hint comes in one piece, once it has been looked through.',
    }),
    ApiOkResponse({ headers, content: { 'text/event-stream': { schema: { type: 'string' } } } }),
    common(),
  );

export const ApiHintHealth = (): MethodDecorator =>
  applyDecorators(
    ApiOperation({ summary: 'Who would give a hint now' }),
    ApiOkResponse({ type: HintHealthDto }),
    ApiServiceUnavailableResponse({ description: 'Nobody would, and why.', type: ErrorResponseDto }),
  );
