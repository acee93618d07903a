import { CodedError } from '#contracts/errors';
import { OUTCOMES } from '#contracts/usage';
import type { UsageFilter } from '#contracts/usage-queries';
import { z } from 'zod';

const text = z.string().max(1_000).nullable();
const instant = z.iso.datetime().nullable();

export const filterShape = {
  ownerId: text,
  from: instant,
  to: instant,
  user: text,
  key: text,
  model: text,
  outcome: z.enum(OUTCOMES).nullable(),
};

/** @throws CodedError `invalid_value` that names the field. */
export function parseQuery<Query>(schema: z.ZodType<Query>, query: unknown): Query {
  const result = schema.safeParse(query);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  throw new CodedError('invalid_value', issue?.message ?? 'The query is invalid.', {
    param: issue?.path.join('.') ?? null,
  });
}

/** The values of a statement, numbered as they are named in it. */
export class Parameters {
  readonly values: unknown[] = [];

  /** The name of a further parameter with this value. */
  add(value: unknown): string {
    return `$${this.values.push(value)}`;
  }
}

/** Who is asked for, in SQL over the columns that rows and rollups share. Ownership is one of the conditions. */
export function dimensionConditions(filter: UsageFilter, parameters: Parameters): string[] {
  const columns = [
    ['user_id', filter.ownerId],
    ['user_id', filter.user],
    ['key_id', filter.key],
    ['model', filter.model],
    ['outcome', filter.outcome],
  ] as const;
  return columns.flatMap(([column, value]) => (value === null ? [] : [`${column} = ${parameters.add(value)}`]));
}

/** All of the filter in SQL over the rows. */
export function rowConditions(filter: UsageFilter, parameters: Parameters): string[] {
  const conditions = dimensionConditions(filter, parameters);
  if (filter.from !== null) conditions.push(`created_at >= ${parameters.add(filter.from)}::timestamptz`);
  if (filter.to !== null) conditions.push(`created_at < ${parameters.add(filter.to)}::timestamptz`);
  return conditions;
}

/** `WHERE ...`, or nothing. */
export function where(conditions: readonly string[]): string {
  return conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`;
}
