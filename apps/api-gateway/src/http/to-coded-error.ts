import { HttpException } from '@nestjs/common';
import { CodedError, type ErrorCode } from '#contracts/errors';
import { isDatabaseAway } from '#common/database-errors';

/** Fastify's own errors (fastify/lib/errors.js) that a client causes, in our words. */
const FASTIFY_ERRORS: Readonly<Record<string, readonly [ErrorCode, string]>> = {
  FST_ERR_CTP_INVALID_JSON_BODY: ['invalid_json', 'The body is not valid JSON.'],
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: ['invalid_json', "The body is not as long as 'Content-Length' says."],
  FST_ERR_CTP_INVALID_MEDIA_TYPE: ['unsupported_media_type', "Send JSON, with 'Content-Type: application/json'."],
  FST_ERR_CTP_BODY_TOO_LARGE: ['request_too_large', 'The body is larger than this server takes.'],
  FST_ERR_BAD_URL: ['not_found', 'The path of this request cannot be decoded.'],
  FST_ERR_MAX_PARAM_LENGTH: ['not_found', 'A part of the path is too long.'],
};

const BY_STATUS: Readonly<Record<number, ErrorCode>> = {
  400: 'invalid_value',
  401: 'invalid_token',
  403: 'insufficient_permissions',
  404: 'not_found',
  405: 'method_not_allowed',
  408: 'request_timeout',
  409: 'conflict',
  413: 'request_too_large',
  414: 'not_found',
  415: 'unsupported_media_type',
  429: 'rate_limit_exceeded',
  431: 'headers_too_large',
  503: 'service_unavailable',
};

/**
 * Whatever was thrown, as an error of the table. Null for what nobody foresaw: its words are for the log alone.
 */
export function toCodedError(error: unknown): CodedError | null {
  if (error instanceof CodedError) return error;
  const fastifyCode = fastifyCodeOf(error) ?? (error instanceof Error ? fastifyCodeOf(error.cause) : null);
  const row = fastifyCode === null ? undefined : FASTIFY_ERRORS[fastifyCode];
  if (row !== undefined) return new CodedError(row[0], row[1], { cause: error });
  if (error instanceof HttpException) {
    const code = BY_STATUS[error.getStatus()];
    return code === undefined ? null : new CodedError(code, error.message, { cause: error });
  }
  if (isDatabaseAway(error))
    return new CodedError('service_unavailable', 'The database is away. Try again in a moment.', { cause: error });
  return null;
}

function fastifyCodeOf(error: unknown): string | null {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return null;
  return error.code.startsWith('FST_') ? error.code : null;
}
