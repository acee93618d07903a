import { Inject, Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import { CodedError } from '#contracts/errors';
import { ExtractJwt, Strategy } from 'passport-jwt';
import { z } from 'zod';
import { GATEWAY_CONFIG, type GatewayConfig } from '../config';
import { AccessCache } from './access-cache';
import type { RequestAccess } from './request-access';

export const JWT_ALGORITHM = 'HS256';
export const JWT_ISSUER = 'tandem';
export const JWT_AUDIENCE = 'tandem-api';
/** Architecture: access tokens of 15 minutes. */
export const ACCESS_TOKEN_SECONDS = 15 * 60;

/** What an access token says; `ver` ends all tokens of a user at once when it is raised. */
export interface AccessClaims {
  sub: string;
  role: string;
  ver: number;
}

const claimsSchema = z.object({ sub: z.uuid(), ver: z.int(), exp: z.number() });

/** Algorithm, signature, issuer, audience, expiry and not-before are passport-jwt's part; who it is, ours. */
@Injectable()
export class JwtStrategy extends PassportStrategy(Strategy) {
  constructor(
    @Inject(GATEWAY_CONFIG) config: GatewayConfig,
    private readonly cache: AccessCache,
  ) {
    super({
      jwtFromRequest: ExtractJwt.fromAuthHeaderAsBearerToken(),
      secretOrKey: config.JWT_SECRET,
      algorithms: [JWT_ALGORITHM],
      issuer: JWT_ISSUER,
      audience: JWT_AUDIENCE,
    });
  }

  /** Called with the claims of a token whose signature holds. */
  async validate(payload: unknown): Promise<RequestAccess> {
    const claims = claimsSchema.safeParse(payload);
    if (!claims.success) throw new CodedError('invalid_token', 'This access token was not made by Tandem.');
    const user = await this.cache.user(claims.data.sub);
    if (user === null || user.disabled || user.tokenVersion !== claims.data.ver)
      throw new CodedError('invalid_token', 'This access token is no longer valid. Sign in again.');
    return user.access;
  }
}
