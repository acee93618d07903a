import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import type { Actor } from '#contracts/access';
import { CodedError } from '#contracts/errors';
import { Repository } from 'typeorm';
import { AccessCache } from '../auth/access-cache';
import { AuthService } from '../auth/auth.service';
import { Passwords } from '../auth/passwords';
import { RefreshTokens } from '../auth/refresh-tokens';
import { User } from '../database/user.entity';
import { given } from '../http/given';
import type { UpdateMeDto } from './me.dto';

/** What people do with their own account. */
@Injectable()
export class MeService {
  constructor(
    @InjectRepository(User) private readonly users: Repository<User>,
    private readonly auth: AuthService,
    private readonly passwords: Passwords,
    private readonly refreshTokens: RefreshTokens,
    private readonly cache: AccessCache,
  ) {}

  /** @throws CodedError `not_found` when the account was deleted a moment ago. */
  async get({ userId }: Actor): Promise<User> {
    const user = await this.users.findOneBy({ id: userId });
    if (user === null) throw new CodedError('not_found', 'This account is gone.');
    return user;
  }

  /**
   * A new password ends every session of the account, this one included.
   * @throws CodedError `invalid_credentials` when the current password is wrong
   */
  async update(actor: Actor, change: UpdateMeDto, address: string): Promise<User> {
    const { password, currentPassword, ...settings } = given(change);
    if (password !== undefined) await this.changePassword(actor, password, currentPassword, address);
    if (Object.keys(settings).length > 0) await this.users.update({ id: actor.userId }, settings);
    return this.get(actor);
  }

  /** Back to what a new account has. */
  async forgetSettings({ userId }: Actor): Promise<void> {
    await this.users.update({ id: userId }, { language: null, defaultModel: null, defaultSystemPrompt: null });
  }

  private async changePassword(
    actor: Actor,
    password: string,
    currentPassword: string | undefined,
    address: string,
  ): Promise<void> {
    if (currentPassword === undefined)
      throw new CodedError('missing_required_parameter', "A new password needs 'currentPassword'.", {
        param: 'currentPassword',
      });
    await this.auth.verify(actor.email, currentPassword, address);
    const passwordHash = await this.passwords.hash(password);
    await this.users.manager.transaction(async (manager) => {
      await manager.update(User, { id: actor.userId }, { passwordHash, tokenVersion: () => 'token_version + 1' });
      await this.refreshTokens.endAll(manager, actor.userId);
    });
    this.cache.announce({ kind: 'user', userId: actor.userId });
  }
}
