import { Injectable, type ExecutionContext } from '@nestjs/common';
import { ThrottlerGuard } from '@nestjs/throttler';
import { CodedError } from '#contracts/errors';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { clientNetwork } from './client-network';
import { goDuration } from './go-duration';
import { WINDOW_S } from './request-counts';

/** Metadata of @nestjs/throttler's `@SkipThrottle()` (throttler.constants.js) for the throttler named `default`. */
const SKIP = 'THROTTLER:SKIPdefault';

/**
 * Global, after the access guard: requests a minute for a key, a signed-in user, or (on public routes) an address. Says
 * the figures in the headers that OpenAI's SDKs read. Replaces ThrottlerGuard's general way, which awaits and hashes
 * several times for each request.
 */
@Injectable()
export class RequestLimitGuard extends ThrottlerGuard {
  private readonly skipped = new Map<unknown, boolean>();
  private defaultLimit = 0;

  override async onModuleInit(): Promise<void> {
    await super.onModuleInit();
    const limit = this.throttlers[0]?.limit;
    if (typeof limit !== 'number') throw new Error('the default request limit is no number');
    this.defaultLimit = limit;
  }

  override async canActivate(context: ExecutionContext): Promise<boolean> {
    if (context.getType() !== 'http' || this.isSkipped(context)) return true;
    const http = context.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    const limit = request.access?.requestsPerMinute ?? this.defaultLimit;
    const counted = await this.storageService.increment(trackerOf(request), WINDOW_S * 1_000, limit, 0, 'default');
    const reset = goDuration(counted.timeToExpire);
    void http.getResponse<FastifyReply>().headers({
      'x-ratelimit-limit-requests': limit,
      'x-ratelimit-remaining-requests': Math.max(0, limit - counted.totalHits),
      'x-ratelimit-reset-requests': reset,
    });
    if (!counted.isBlocked) return true;
    throw new CodedError(
      'rate_limit_exceeded',
      `Rate limit reached for requests. Limit: ${limit} / min. Please try again in ${reset}.`,
      { retryAfterS: Math.max(1, Math.ceil(counted.timeToExpire / 1_000)) },
    );
  }

  private isSkipped(context: ExecutionContext): boolean {
    const handler = context.getHandler();
    const known = this.skipped.get(handler);
    if (known !== undefined) return known;
    const skip = this.reflector.getAllAndOverride<boolean | undefined>(SKIP, [handler, context.getClass()]) ?? false;
    this.skipped.set(handler, skip);
    return skip;
  }
}

function trackerOf(request: FastifyRequest): string {
  const { actor } = request;
  if (actor === null) return `address:${clientNetwork(request.ip)}`;
  return actor.keyId === null ? `user:${actor.userId}` : `key:${actor.keyId}`;
}
