import { applyDecorators } from '@nestjs/common';
import {
  ApiBadGatewayResponse,
  ApiBadRequestResponse,
  ApiBody,
  ApiExtraModels,
  ApiGatewayTimeoutResponse,
  ApiNotFoundResponse,
  ApiOkResponse,
  ApiOperation,
  ApiParam,
  ApiPayloadTooLargeResponse,
  ApiServiceUnavailableResponse,
  ApiTooManyRequestsResponse,
  ApiUnsupportedMediaTypeResponse,
  getSchemaPath,
} from '@nestjs/swagger';
import { ErrorResponseDto } from '../http/error.dto';
import {
  ChatCompletionDto,
  ChatCompletionRequestDto,
  CompletionDto,
  CompletionRequestDto,
  ModelDto,
  ModelListDto,
} from './openai.dto';

const error = (description: string): { description: string; type: typeof ErrorResponseDto } => ({
  description,
  type: ErrorResponseDto,
});

const messages = [{ role: 'user', content: 'Say hello in Korean.' }];

/** What the console sends when somebody just presses the button. */
const CHAT_EXAMPLES = {
  whole: { summary: 'One answer', value: { model: 'default', messages, max_tokens: 64 } },
  stream: { summary: 'A stream', value: { model: 'default', messages, max_tokens: 64, stream: true } },
};
const COMPLETION_EXAMPLES = {
  whole: { summary: 'One answer', value: { model: 'default', prompt: 'Once upon a time', max_tokens: 64 } },
};

/** The answers that every generating route has beside 200. */
function generationErrors(): MethodDecorator {
  return applyDecorators(
    ApiBadRequestResponse(error('A field is wrong (`param` names it), or the prompt is longer than the context.')),
    ApiNotFoundResponse(error('The model does not exist, or this key may not use it.')),
    ApiPayloadTooLargeResponse(error('The body is larger than the server takes.')),
    ApiUnsupportedMediaTypeResponse(error('The body is not JSON.')),
    ApiTooManyRequestsResponse(error('Too many requests; `retry-after` says when to come again.')),
    ApiBadGatewayResponse(error('The engine failed at this request.')),
    ApiServiceUnavailableResponse(
      error('No engine is ready, or the service is stopping; `retry-after` says when to come again.'),
    ),
    ApiGatewayTimeoutResponse(error('The engine did not answer in time.')),
  );
}

/** JSON, or an event stream when the request says `stream: true`. */
function jsonOrEvents(dto: typeof ChatCompletionDto | typeof CompletionDto): MethodDecorator {
  return applyDecorators(
    ApiExtraModels(dto),
    ApiOkResponse({
      description:
        'The answer. With `stream: true`: server-sent events, each `data:` one chunk in OpenAI’s format, then `data: [DONE]`. ' +
        'A failure after the first byte is an event `data: {"error": {...}}`, and no `[DONE]` follows.',
      content: {
        'application/json': { schema: { $ref: getSchemaPath(dto) } },
        'text/event-stream': { schema: { type: 'string' } },
      },
    }),
  );
}

export const ApiChatCompletions = (): MethodDecorator =>
  applyDecorators(
    ApiOperation({
      summary: 'Create a chat completion',
      description:
        'OpenAI’s parameters and vLLM’s sampling parameters. Fields that are not known are left out and named in the header ' +
        '`x-tandem-ignored-fields`; fields that would change the server (`chat_template`, addresses of media, ...) are refused. ' +
        'Where the operator allows another server to stand in for engines that are away, the header `x-tandem-backend: fallback` ' +
        'says that it was the one that answered, or failed.',
    }),
    ApiBody({ type: ChatCompletionRequestDto, examples: CHAT_EXAMPLES }),
    jsonOrEvents(ChatCompletionDto),
    generationErrors(),
  );

export const ApiCompletions = (): MethodDecorator =>
  applyDecorators(
    ApiOperation({ summary: 'Create a completion' }),
    ApiBody({ type: CompletionRequestDto, examples: COMPLETION_EXAMPLES }),
    jsonOrEvents(CompletionDto),
    generationErrors(),
  );

export const ApiModels = (): MethodDecorator =>
  applyDecorators(ApiOperation({ summary: 'List the models' }), ApiOkResponse({ type: ModelListDto }));

export const ApiModel = (): MethodDecorator =>
  applyDecorators(
    ApiOperation({ summary: 'Retrieve a model' }),
    ApiParam({ name: 'model', description: 'Its id; slashes may stand as they are.', example: 'default' }),
    ApiOkResponse({ type: ModelDto }),
    ApiNotFoundResponse(error('The model does not exist, or this key may not use it.')),
  );
