import { Injectable } from '@nestjs/common';
import { AuthGuard } from '@nestjs/passport';
import { CodedError } from '#contracts/errors';

/** Runs passport-jwt and leaves the caller at `request.user`. */
@Injectable()
export class JwtGuard extends AuthGuard('jwt') {
  /** @throws CodedError `invalid_token` with the reason that a client can act on; never which check failed else. */
  override handleRequest<TUser>(error: unknown, user: TUser | false | undefined, info: unknown): TUser {
    if (error instanceof Error) throw error;
    if (user !== undefined && user !== false && user !== null) return user;
    const expired = info instanceof Error && info.name === 'TokenExpiredError';
    throw new CodedError(
      'invalid_token',
      expired ? 'This access token has expired. Refresh it or sign in again.' : 'This access token is not valid.',
    );
  }
}
