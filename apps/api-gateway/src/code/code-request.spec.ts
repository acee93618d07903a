import { CodedError } from '#contracts/errors';
import { CodeChecker } from './code-request';

const CALLER = { mayFallBack: false, chunks: null };

describe('a request for code that is too long for the model', () => {
  const told = (body: Record<string, unknown>, error: CodedError): CodedError | undefined =>
    new CodeChecker(1_000).check(body, true, CALLER).inWords?.(error);
  const tooLong = new CodedError('context_length_exceeded', 'Too long.', { param: 'messages' });

  it.each([
    ['selection', { modelType: 'comment', selection: 'x'.repeat(100), language: 'python' }],
    ['prompt', { modelType: 'comment', prompt: 'x'.repeat(100) }],
    ['error', { modelType: 'error_fix', selection: 'x', error: 'x'.repeat(100) }],
  ])('is told that its %s is, not of messages that it never wrote', (param, body) => {
    expect(told(body, tooLong)?.toBody()).toEqual({ ...tooLong.toBody(), param });
  });

  it('is told of other errors as they are', () => {
    const other = new CodedError('engine_error', 'It failed.');
    expect(told({ modelType: 'prompt', prompt: 'x' }, other)).toBe(other);
  });
});
