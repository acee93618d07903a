import { Inject, Injectable } from '@nestjs/common';
import { CodedError } from '#contracts/errors';
import { RateLimiterRes, type RateLimiterAbstract } from 'rate-limiter-flexible';
import { GATEWAY_CONFIG, type GatewayConfig } from '../config';
import { clientNetwork } from '../limits/client-network';
import { goDuration } from '../limits/go-duration';
import { limiter } from '../limits/limiter';
import { RedisConnection } from '../limits/redis';

const QUARTER_HOUR_S = 15 * 60;
const HOUR_S = 60 * 60;
/** An account under attack from many addresses, and an address that tries many accounts: looser than one on one. */
const WIDE = 10;

/**
 * Slows down who guesses passwords: by account and address together, so that an attacker elsewhere does not lock the
 * owner out; by account alone, against many addresses; by address alone, against many accounts.
 */
@Injectable()
export class LoginThrottle {
  private readonly limiters: readonly {
    limiter: RateLimiterAbstract;
    keyOf: (email: string, address: string) => string;
  }[];

  constructor(@Inject(GATEWAY_CONFIG) config: GatewayConfig, redis: RedisConnection) {
    const points = config.LOGIN_FAILURES;
    const make = (name: string, factor: number, windowS: number): RateLimiterAbstract =>
      limiter(redis.client, { name: `login-${name}`, points: points * factor, windowS });
    this.limiters = [
      { limiter: make('pair', 1, QUARTER_HOUR_S), keyOf: (email, address) => `${address} ${email}` },
      { limiter: make('account', WIDE, HOUR_S), keyOf: (email) => email },
      { limiter: make('address', WIDE, QUARTER_HOUR_S), keyOf: (_email, address) => address },
    ];
  }

  /**
   * Counts a try before its password is looked at, so that tries that run at the same time count too.
   * @throws CodedError `rate_limit_exceeded`
   */
  async admit(email: string, address: string): Promise<void> {
    const network = clientNetwork(address);
    for (const { limiter, keyOf } of this.limiters) {
      try {
        await limiter.consume(keyOf(email, network));
      } catch (refused) {
        if (!(refused instanceof RateLimiterRes)) throw refused;
        throw new CodedError(
          'rate_limit_exceeded',
          `Too many failed logins. Please try again in ${goDuration(refused.msBeforeNext)}.`,
          { retryAfterS: Math.ceil(refused.msBeforeNext / 1_000) },
        );
      }
    }
  }

  /** The password was right: this try does not count, and the account is clean from this address. */
  async succeeded(email: string, address: string): Promise<void> {
    const network = clientNetwork(address);
    const [pair, ...wide] = this.limiters;
    await pair?.limiter.delete(pair.keyOf(email, network));
    for (const { limiter, keyOf } of wide) await limiter.reward(keyOf(email, network));
  }
}
