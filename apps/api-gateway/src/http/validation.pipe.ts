import { ValidationPipe, type ArgumentMetadata, type ValidationError } from '@nestjs/common';
import { CodedError } from '#contracts/errors';

/** Global: DTOs of class-validator; a field that is not asked for is refused, and the first error names its field. */
export class StrictValidationPipe extends ValidationPipe {
  constructor() {
    super({
      transform: true,
      whitelist: true,
      forbidNonWhitelisted: true,
      stopAtFirstError: true,
      exceptionFactory: (errors) => firstProblem(errors),
    });
  }

  override transform(value: unknown, metadata: ArgumentMetadata): Promise<unknown> {
    if (metadata.type === 'body' && this.toValidate(metadata) && !isJsonObject(value))
      throw new CodedError('invalid_value', 'The body must be a JSON object.');
    return super.transform(value, metadata);
  }
}

function isJsonObject(value: unknown): boolean {
  return value === undefined || (typeof value === 'object' && value !== null && !Array.isArray(value));
}

function firstProblem(errors: readonly ValidationError[], path = ''): CodedError {
  const [error] = errors;
  if (error === undefined) return new CodedError('invalid_value', 'The request is not valid.');
  const param = /^\d+$/.test(error.property)
    ? `${path}[${error.property}]`
    : [path, error.property].filter(Boolean).join('.');
  if (error.children !== undefined && error.children.length > 0) return firstProblem(error.children, param);
  const constraints = error.constraints ?? {};
  if ('whitelistValidation' in constraints)
    return new CodedError('unsupported_parameter', `Unknown parameter: '${param}'.`, { param });
  const reason = Object.values(constraints)[0] ?? 'it is not valid';
  return new CodedError(
    error.value === undefined ? 'missing_required_parameter' : 'invalid_value',
    error.value === undefined
      ? `Missing required parameter: '${param}' (${reason}).`
      : `Invalid '${param}': ${reason}.`,
    { param },
  );
}
