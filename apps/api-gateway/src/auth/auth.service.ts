import { Injectable } from '@nestjs/common';
import { JwtService } from '@nestjs/jwt';
import { InjectRepository } from '@nestjs/typeorm';
import { CodedError } from '#contracts/errors';
import { Repository } from 'typeorm';
import { User } from '../database/user.entity';
import { ACCESS_TOKEN_SECONDS, type AccessClaims } from './jwt.strategy';
import { LoginThrottle } from './login-throttle';
import { Passwords } from './passwords';
import { RefreshTokens } from './refresh-tokens';

/** Somebody who signed in or came back. */
export interface Session {
  accessToken: string;
  /** Seconds. */
  expiresIn: number;
  refreshToken: string;
  user: User;
}

@Injectable()
export class AuthService {
  constructor(
    @InjectRepository(User) private readonly users: Repository<User>,
    private readonly passwords: Passwords,
    private readonly throttle: LoginThrottle,
    private readonly refreshTokens: RefreshTokens,
    private readonly jwt: JwtService,
  ) {}

  /** @throws CodedError `invalid_credentials`, `rate_limit_exceeded` */
  async login(email: string, password: string, address: string): Promise<Session> {
    const user = await this.verify(email.toLowerCase(), password, address);
    if (user.disabled) throw new CodedError('invalid_credentials', 'This account is disabled. Ask an admin.');
    return this.session(user, await this.refreshTokens.start(user.id));
  }

  /** @throws CodedError `invalid_token` */
  async refresh(refreshToken: string): Promise<Session> {
    const { userId, token } = await this.refreshTokens.rotate(refreshToken);
    const user = await this.users.findOneBy({ id: userId });
    if (user === null || user.disabled) {
      await this.refreshTokens.end(token);
      throw new CodedError('invalid_token', 'This session is over. Sign in again.');
    }
    return this.session(user, token);
  }

  async logout(refreshToken: string): Promise<void> {
    await this.refreshTokens.end(refreshToken);
  }

  /**
   * The user whose password this is. An account that does not exist takes as long, and answers the same.
   * @throws CodedError `invalid_credentials`, `rate_limit_exceeded`
   */
  async verify(email: string, password: string, address: string): Promise<User> {
    await this.throttle.admit(email, address);
    const user = await this.users
      .createQueryBuilder('user')
      .addSelect('user.passwordHash')
      .where('user.email = :email', { email })
      .getOne();
    const matches = await this.passwords.matches(user?.passwordHash ?? null, password);
    if (user === null || !matches) throw new CodedError('invalid_credentials', 'Wrong e-mail or password.');
    await this.throttle.succeeded(email, address);
    return user;
  }

  private async session(user: User, refreshToken: string): Promise<Session> {
    const claims: AccessClaims = { sub: user.id, role: user.role, ver: user.tokenVersion };
    const accessToken = await this.jwt.signAsync(claims);
    return { accessToken, expiresIn: ACCESS_TOKEN_SECONDS, refreshToken, user };
  }
}
