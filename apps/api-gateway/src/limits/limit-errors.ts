import type { FastifyReply } from 'fastify';
import { CodedError } from '#contracts/errors';
import { goDuration } from './go-duration';

export interface TokenWindow {
  limit: number;
  /** Tokens of the window. */
  used: number;
  /** Until it ends. */
  resetMs: number;
}

/** The headers that OpenAI's SDKs read. Nothing once the head of the answer is out. */
export function tellTokens(reply: FastifyReply, { limit, used, resetMs }: TokenWindow): void {
  if (reply.sent || reply.raw.headersSent) return;
  void reply.headers({
    'x-ratelimit-limit-tokens': limit,
    'x-ratelimit-remaining-tokens': Math.max(0, limit - used),
    'x-ratelimit-reset-tokens': goDuration(resetMs),
  });
}

/** @param requested tokens that were asked for and are not in `used`; null: they are not known yet. */
export function tokenRateError(reply: FastifyReply, window: TokenWindow & { requested: number | null }): CodedError {
  const { limit, used, resetMs, requested } = window;
  tellTokens(reply, window);
  if (requested !== null && requested > limit) {
    const message = `Request too large for tokens per min. Limit: ${limit}, Requested: ${requested}. Ask for fewer tokens.`;
    return new CodedError('rate_limit_exceeded', message, { type: 'tokens', retryAfterS: seconds(resetMs) });
  }
  const asked = requested === null ? '' : ` Requested: ${requested}.`;
  return new CodedError(
    'rate_limit_exceeded',
    `Rate limit reached for tokens per min. Limit: ${limit}. Used: ${used}.${asked} Please try again in ${goDuration(resetMs)}.`,
    { type: 'tokens', retryAfterS: seconds(resetMs) },
  );
}

export function concurrencyError(limit: number): CodedError {
  const message = `Rate limit reached for requests at once. Limit: ${limit}. Please try again when one of them has ended.`;
  return new CodedError('rate_limit_exceeded', message);
}

/** A retry cannot help this month: OpenAI's SDKs try again all the same, unless they are told not to. */
export function quotaError(reply: FastifyReply): CodedError {
  if (!reply.sent && !reply.raw.headersSent) void reply.header('x-should-retry', 'false');
  return new CodedError(
    'insufficient_quota',
    'You exceeded your current quota: the tokens of this month are used up. Ask an admin for more, or wait for the next month.',
  );
}

function seconds(ms: number): number {
  return Math.max(1, Math.ceil(ms / 1_000));
}
