import type { FastifyReply, FastifyRequest } from 'fastify';
import { REFRESH_TOKEN_SECONDS } from './refresh-tokens';

const NAME = 'tandem_refresh';

/** The refresh token that a request brought; null when none. */
export function readRefreshCookie(request: FastifyRequest): string | null {
  const { cookie } = request.headers;
  if (cookie === undefined) return null;
  const token = request.server.parseCookie(cookie)[NAME];
  return token === undefined || token === '' ? null : token;
}

/** Sets it, or with null takes it away. No script sees it, no other site sends it, and only /api/auth gets it. */
export function writeRefreshCookie(request: FastifyRequest, reply: FastifyReply, token: string | null): void {
  const cookie = request.server.serializeCookie(NAME, token ?? '', {
    path: '/api/auth',
    httpOnly: true,
    sameSite: 'strict',
    secure: request.protocol === 'https',
    maxAge: token === null ? 0 : REFRESH_TOKEN_SECONDS,
  });
  void reply.header('set-cookie', cookie);
}
