import { Bus } from '#common/bus';
import { deletedAmong, onUserDeleted } from '#common/deleted-users';
import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Logger } from 'nestjs-pino';
import { DataSource } from 'typeorm';
import { HAVE_LEDGER_ALONE } from '../ledger/ledger-lock';

/** Rows of a deleted user stay, for the sums; the e-mail goes, from those that are there and those still to come. */
@Injectable()
export class RemovedUsers implements OnModuleInit {
  constructor(
    private readonly bus: Bus,
    private readonly database: DataSource,
    private readonly logger: Logger,
  ) {}

  onModuleInit(): void {
    onUserDeleted(this.bus, (userId) => {
      this.remove(userId).catch((error: unknown) =>
        this.logger.warn({ msg: 'the e-mail of a deleted user could not be removed yet', err: error }),
      );
    });
  }

  /** Asks who is gone of the users in the ledger: news may have come while nobody listened. */
  async catchUp(): Promise<void> {
    const known = await this.database.query<{ user_id: string }[]>(
      `SELECT DISTINCT user_id FROM usage.rollup_days WHERE NOT frozen
       EXCEPT SELECT user_id FROM usage.removed_users ORDER BY user_id`,
    );
    for (const userId of await this.deleted(known.map(({ user_id }) => user_id))) await this.remove(userId);
  }

  private async deleted(userIds: readonly string[]): Promise<string[]> {
    try {
      return await deletedAmong(this.bus, userIds);
    } catch (error) {
      this.logger.debug({ msg: 'no gateway says which users are deleted; asking again later', err: error });
      return [];
    }
  }

  /** Alone: a row of this user that is being written now is seen, and every later one sees that the user is gone. */
  private async remove(userId: string): Promise<void> {
    await this.database.transaction(async (manager) => {
      await manager.query(HAVE_LEDGER_ALONE);
      await manager.query('INSERT INTO usage.removed_users (user_id) VALUES ($1) ON CONFLICT DO NOTHING', [userId]);
      await manager.query(`UPDATE usage.requests SET user_email = '' WHERE user_id = $1 AND user_email <> ''`, [
        userId,
      ]);
    });
    this.logger.log({ msg: 'removed the e-mail of a deleted user from the ledger', user_id: userId });
  }
}
