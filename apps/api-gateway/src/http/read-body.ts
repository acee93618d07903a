import type { z } from 'zod';
import { CodedError } from '#contracts/errors';

const MAX_NAME = 200;

/** A body that a schema describes. @throws CodedError `invalid_value` that names the field. */
export function readBody<T extends z.ZodType>(schema: T, body: unknown): z.output<T> {
  const read = schema.safeParse(body);
  if (read.success) return read.data;
  const issue = read.error.issues[0];
  const param = issue?.path.map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`)).join('') ?? '';
  const name = param.replace(/^\./, '').slice(0, MAX_NAME).toWellFormed();
  throw new CodedError('invalid_value', `Invalid value for '${name}': ${issue?.message ?? 'invalid'}.`, {
    param: name === '' ? null : name,
  });
}
