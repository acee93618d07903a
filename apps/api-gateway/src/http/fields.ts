import { applyDecorators } from '@nestjs/common';
import { ApiProperty, type ApiPropertyOptions } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsInt, IsNumber, IsString, Length, Matches, Max, Min, ValidateIf } from 'class-validator';

interface FieldOptions {
  description?: string;
  example?: unknown;
  /** May be left out. */
  optional?: boolean;
  /** May be null. */
  nullable?: boolean;
}

/** Checks of a field are skipped when it is left out, or null, and may be. */
export function Presence({ optional = false, nullable = false }: FieldOptions): PropertyDecorator {
  if (!optional && !nullable) return () => undefined;
  return ValidateIf(
    (_dto: object, value: unknown) => !(optional && value === undefined) && !(nullable && value === null),
  );
}

export function documented(options: FieldOptions, schema: ApiPropertyOptions): PropertyDecorator {
  const { description, example, optional = false, nullable = false } = options;
  return ApiProperty({
    ...schema,
    required: !optional,
    ...(nullable ? { nullable } : {}),
    ...(description === undefined ? {} : { description }),
    ...(example === undefined ? {} : { example }),
  } as ApiPropertyOptions);
}

/** A text of `min` to `max` characters. Postgres cannot store NUL. */
export function Text(options: FieldOptions & { min?: number; max: number }): PropertyDecorator {
  const { min = 1, max } = options;
  return applyDecorators(
    Presence(options),
    // The first that fails is the one that is told.
    IsString({ message: 'it must be a text' }),
    Length(min, max, { message: `it must have ${min} to ${max} characters` }),
    Matches(/^[^\0]*$/, { message: 'it must not hold NUL characters' }),
    Matches(/^\P{Cs}*$/u, { message: 'it must not hold half of a surrogate pair' }),
    documented(options, { type: String, minLength: min, maxLength: max }),
  );
}

/** A whole number of `min` to `max`. */
export function Whole(options: FieldOptions & { min?: number; max: number }): PropertyDecorator {
  const { min = 1, max } = options;
  const message = `it must be a whole number from ${min} to ${max}`;
  return applyDecorators(
    Presence(options),
    IsInt({ message }),
    Min(min, { message }),
    Max(max, { message }),
    documented(options, { type: 'integer', minimum: min, maximum: max }),
  );
}

/** A number of `min` to `max`. */
export function Decimal(options: FieldOptions & { min: number; max: number }): PropertyDecorator {
  const { min, max } = options;
  const message = `it must be a number from ${min} to ${max}`;
  return applyDecorators(
    Presence(options),
    IsNumber({}, { message }),
    Min(min, { message }),
    Max(max, { message }),
    documented(options, { type: 'number', minimum: min, maximum: max }),
  );
}

/** As `Whole`, for a query, where everything is text. */
export function WholeInQuery(options: FieldOptions & { min?: number; max: number }): PropertyDecorator {
  return applyDecorators(
    Type(() => Number),
    Whole(options),
  );
}
