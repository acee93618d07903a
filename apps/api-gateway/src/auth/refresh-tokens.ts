import { hash, randomBytes, randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { CodedError } from '#contracts/errors';
import { DataSource, LessThan, type EntityManager } from 'typeorm';
import { RefreshToken } from '../database/refresh-token.entity';

/** How long a login lasts without being used. */
export const REFRESH_TOKEN_SECONDS = 30 * 24 * 60 * 60;

interface UsedToken {
  family_id: string;
  user_id: string;
}

/**
 * Refresh tokens: each is good for one use and gives the next one of its family. One that is shown twice was stolen, or
 * its thief was first: the family ends, and both have to sign in. There is no grace for two tabs that refresh at the same
 * moment, because a thief would have the same grace; the web client lets one tab refresh for all.
 */
@Injectable()
export class RefreshTokens {
  constructor(@InjectDataSource() private readonly database: DataSource) {}

  /** The first token of a new family. */
  async start(userId: string): Promise<string> {
    const { manager } = this.database;
    await manager.delete(RefreshToken, { userId, expiresAt: LessThan(new Date()) });
    return this.issue(manager, userId, randomUUID());
  }

  /**
   * Uses a token up. @throws CodedError `invalid_token` when it is unknown, has expired, or was used before; the last
   * ends its family.
   */
  async rotate(token: string): Promise<{ userId: string; token: string }> {
    const tokenHash = hashToken(token);
    const next = await this.database.transaction(async (manager) => {
      // One statement, so that of two at the same moment one finds it used.
      const [used] = await manager.query<[UsedToken[], number]>(
        `UPDATE gateway.refresh_tokens SET used_at = now()
          WHERE token_hash = $1 AND used_at IS NULL AND expires_at > now() RETURNING family_id, user_id`,
        [tokenHash],
      );
      const [row] = used;
      if (row !== undefined)
        return { userId: row.user_id, token: await this.issue(manager, row.user_id, row.family_id) };
      await this.endFamilyOf(manager, tokenHash);
      return null;
    });
    if (next === null) throw new CodedError('invalid_token', 'This session is over. Sign in again.');
    return next;
  }

  /** Ends the family of a token; silent when there is none. */
  async end(token: string): Promise<void> {
    await this.endFamilyOf(this.database.manager, hashToken(token));
  }

  /** Ends all families of a user, in the caller's transaction. */
  async endAll(manager: EntityManager, userId: string): Promise<void> {
    await manager.delete(RefreshToken, { userId });
  }

  private async endFamilyOf(manager: EntityManager, tokenHash: string): Promise<void> {
    await manager.query(
      `DELETE FROM gateway.refresh_tokens WHERE family_id =
         (SELECT family_id FROM gateway.refresh_tokens WHERE token_hash = $1)`,
      [tokenHash],
    );
  }

  private async issue(manager: EntityManager, userId: string, familyId: string): Promise<string> {
    const token = randomBytes(32).toString('base64url');
    const expiresAt = new Date(Date.now() + REFRESH_TOKEN_SECONDS * 1_000);
    await manager.insert(RefreshToken, { tokenHash: hashToken(token), familyId, userId, expiresAt });
    return token;
  }
}

function hashToken(token: string): string {
  return hash('sha256', token, 'hex');
}
