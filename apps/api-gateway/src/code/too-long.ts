import { CodedError } from '#contracts/errors';

/**
 * A prompt that is too long for the model is told of `messages`, which were put together here: for the caller it is the
 * longest text of the own body. @param fields of the body that may be the reason
 */
export function namingLongest(body: Readonly<Record<string, unknown>>, fields: readonly string[]) {
  return (error: CodedError): CodedError => {
    if (error.code !== 'context_length_exceeded') return error;
    const lengthOf = (field: string): number => {
      const value = body[field];
      return typeof value === 'string' ? value.length : 0;
    };
    const [param = null] = fields.toSorted((one, other) => lengthOf(other) - lengthOf(one));
    return new CodedError(error.code, error.message, { param, cause: error });
  };
}
