import { applyDecorators } from '@nestjs/common';
import {
  ApiBadRequestResponse,
  ApiBody,
  ApiNotFoundResponse,
  ApiOkResponse,
  ApiOperation,
  ApiServiceUnavailableResponse,
  ApiTooManyRequestsResponse,
} from '@nestjs/swagger';
import { ErrorResponseDto } from '../http/error.dto';
import { backendHeaders } from '../streaming/backend-header.docs';
import { CodeAnswerDto, CodeHealthDto, CodeModelsDto, CodeRequestDto } from './code.dto';

const EXAMPLES = {
  prompt: {
    summary: 'From a description',
    value: { modelType: 'prompt', prompt: 'Print "Jay"', language: 'python' },
  },
  autocomplete: {
    summary: 'At the cursor',
    value: {
      modelType: 'autocomplete',
      prefix: 'def add(a, b):\n    ',
      suffix: '\n\nprint(add(1, 2))\n',
      language: 'python',
    },
  },
  comment: {
    summary: 'With comments',
    value: { modelType: 'comment', selection: 'const f = (n) => n < 2 ? n : f(n - 1) + f(n - 2);' },
  },
  error_fix: {
    summary: 'Without the error',
    value: {
      modelType: 'error_fix',
      selection: 'print("Jay"',
      error: "SyntaxError: '(' was never closed",
      language: 'python',
    },
  },
};

const headers = backendHeaders(
  'Who gave the answer: `vllm` (an engine of this installation), `fallback` (another server) or `local`.',
);

const errors = (): MethodDecorator =>
  applyDecorators(
    ApiBody({ type: CodeRequestDto, examples: EXAMPLES }),
    ApiBadRequestResponse({
      description: 'A field is wrong (`param` names it), or the code is too long.',
      type: ErrorResponseDto,
    }),
    ApiNotFoundResponse({ description: 'No such model for this key.', type: ErrorResponseDto }),
    ApiTooManyRequestsResponse({ type: ErrorResponseDto }),
    ApiServiceUnavailableResponse({ description: 'No engine is ready, and why.', type: ErrorResponseDto }),
  );

export const ApiCodeGenerate = (): MethodDecorator =>
  applyDecorators(
    ApiOperation({
      summary: 'Write code',
      description:
        'The answer is code and nothing else: thinking, Markdown fences and explanations around it are taken away. The ' +
        'same keys, limits, queue, ledger and errors as for every other generation.',
    }),
    ApiOkResponse({ type: CodeAnswerDto, headers }),
    errors(),
  );

export const ApiCodeStream = (): MethodDecorator =>
  applyDecorators(
    ApiOperation({
      summary: 'Write code, as a stream',
      description:
        'Server-sent events: `queue` while the request waits (for more than a second), `meta` (who answers, with which model and template), then ' +
        'unnamed events, each one chunk in OpenAI’s format, the last one with the token counts, then `data: [DONE]`. A ' +
        'failure after the first event is `data: {"error": {...}}`, and no `[DONE]` follows.',
    }),
    ApiOkResponse({ headers, content: { 'text/event-stream': { schema: { type: 'string' } } } }),
    errors(),
  );

export const ApiCodeModels = (): MethodDecorator =>
  applyDecorators(
    ApiOperation({ summary: 'Models that write code, and what can be asked for' }),
    ApiOkResponse({ type: CodeModelsDto }),
  );

export const ApiCodeHealth = (): MethodDecorator =>
  applyDecorators(
    ApiOperation({ summary: 'Who would answer now' }),
    ApiOkResponse({ type: CodeHealthDto }),
    ApiServiceUnavailableResponse({ description: 'Nobody would, and why.', type: ErrorResponseDto }),
  );
