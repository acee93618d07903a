import { parseEngineError, toCodedError } from './engine-errors';
import { countTokens, outcomeOf } from './ending';
import { findUsage } from './engine-usage';
import { CodedError } from '#contracts/errors';

const coded = (body: string, status: number): CodedError => toCodedError(parseEngineError(body, status), 'the-model');

describe('errors of an engine', () => {
  it.each([
    [
      400,
      '{"error":{"message":"temperature must be non-negative, got -1.0.","type":"BadRequestError","param":"temperature","code":400}}',
      'engine_rejected_request',
      400,
    ],
    [
      400,
      `{"error":{"message":"This model's maximum context length is 2048 tokens. However, your prompt contains at least 2049 input tokens","type":"BadRequestError","param":"input_tokens","code":400}}`,
      'context_length_exceeded',
      400,
    ],
    [
      400,
      '{"error":{"message":"max_tokens=100000 cannot be greater than max_model_len=2048.","type":"BadRequestError","param":"max_tokens","code":400}}',
      'context_length_exceeded',
      400,
    ],
    [
      404,
      '{"error":{"message":"The model `x` does not exist. Valid aliases: tiny-chat.","type":"NotFoundError","param":"model","code":404}}',
      'model_not_found',
      404,
    ],
    [404, '{"detail":"Not Found"}', 'model_not_found', 404],
    [401, '{"error":"Unauthorized"}', 'engine_error', 502],
    [
      500,
      '{"error":{"message":"EngineCore encountered an issue. See stack trace (above) for the root cause.","type":"InternalServerError","param":null,"code":500}}',
      'engine_error',
      502,
    ],
    [503, '', 'engine_unavailable', 503],
    [500, '<html>proxy error</html>', 'engine_error', 502],
  ])('a %i with %s becomes %s', (status, body, code, clientStatus) => {
    expect(coded(body, status)).toMatchObject({ code, status: clientStatus });
  });

  it('tells a client nothing of the inside of an engine', () => {
    expect(coded('{"error":{"message":"CUDA error at /opt/vllm/worker.py:12","code":500}}', 500).message).not.toContain(
      '/opt',
    );
  });
});

describe('the ending of a request', () => {
  it('names every way to end in the words of the ledger', () => {
    const failed = (code: CodedError['code'], began: boolean): unknown =>
      outcomeOf({ kind: 'failed', error: new CodedError(code, 'x') }, began);
    expect(outcomeOf({ kind: 'completed' }, true)).toEqual({ outcome: 'completed', statusCode: 200, errorCode: null });
    expect(outcomeOf({ kind: 'cancelled', reason: 'client_gone' }, true)).toMatchObject({
      outcome: 'client_cancelled',
      statusCode: 499,
    });
    expect(outcomeOf({ kind: 'cancelled', reason: 'gateway_failed' }, true)).toMatchObject({ outcome: 'interrupted' });
    expect(failed('upstream_truncated', true)).toMatchObject({ outcome: 'upstream_truncated', statusCode: 200 });
    expect(failed('first_token_timeout', false)).toMatchObject({ outcome: 'deadline', statusCode: 504 });
    expect(failed('ledger_unavailable', false)).toMatchObject({ outcome: 'rejected', statusCode: 503 });
    expect(failed('engine_error', false)).toMatchObject({ outcome: 'error', statusCode: 502 });
  });

  it('counts what was generated for a client that left, and nothing for a request that was refused', () => {
    expect(countTokens(null, 12, 400)).toMatchObject({ outputTokens: 12, inputTokens: 100, countMethod: 'estimated' });
    expect(countTokens(null, 0, 400)).toMatchObject({ outputTokens: 0, inputTokens: 0, countMethod: 'counted' });
    const usage = { inputTokens: 35, cachedTokens: 32, outputTokens: 16, reasoningTokens: 4 };
    expect(countTokens(usage, 99, 400)).toEqual({ ...usage, countMethod: 'exact' });
  });
});

describe('the usage at the end of a body', () => {
  it('is found without parsing the rest, and not in an answer that quotes one', () => {
    const body = JSON.stringify({
      choices: [{ message: { content: 'say "usage":{"prompt_tokens":1}' } }],
      usage: {
        prompt_tokens: 9,
        completion_tokens: 3,
        prompt_tokens_details: { cached_tokens: 8 },
        completion_tokens_details: null,
      },
      prompt_logprobs: null,
    });
    expect(findUsage(Buffer.from(body))).toEqual({
      inputTokens: 9,
      cachedTokens: 8,
      outputTokens: 3,
      reasoningTokens: 0,
    });
  });

  it.each(['', '{}', 'no JSON', '{"usage":null}', '{"usage":{"prompt_tokens":"9"}}', '{"usage":{'])(
    'is absent in %j',
    (body) => {
      expect(findUsage(Buffer.from(body))).toBeNull();
    },
  );
});
