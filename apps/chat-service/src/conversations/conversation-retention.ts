import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { Logger } from 'nestjs-pino';
import { Bus } from '#common/bus';
import { deletedAmong, onUserDeleted } from '#common/deleted-users';
import { RetentionJob } from '#common/retention-job';
import { CHAT_CONFIG, type ChatConfig } from '../config';
import { ConversationsRepository } from './conversations.repository';
import { ConversationsService } from './conversations.service';

const HOUR_MS = 60 * 60 * 1_000;
/** After the start: the database and the gateways start at the same time. */
const FIRST_AFTER_MS = 10_000;

/** Deletes conversations that nobody used for long, and everything of users who are deleted. */
@Injectable()
export class ConversationRetention implements OnApplicationBootstrap, OnModuleDestroy {
  readonly unused: RetentionJob;
  private readonly timers: NodeJS.Timeout[] = [];

  constructor(
    private readonly bus: Bus,
    private readonly repository: ConversationsRepository,
    private readonly service: ConversationsService,
    private readonly logger: Logger,
    @Inject(CHAT_CONFIG) config: ChatConfig,
  ) {
    const deleteBefore = (limit: Date): Promise<number> => repository.removeUnused(limit);
    this.unused = new RetentionJob(
      { what: 'conversations', days: config.CONVERSATION_RETENTION_DAYS, deleteBefore },
      logger,
    );
  }

  onApplicationBootstrap(): void {
    onUserDeleted(this.bus, (userId) => void this.forget(userId));
    const catchUp = (): void => void this.catchUp();
    const first = setTimeout(() => {
      this.unused.start();
      catchUp();
    }, FIRST_AFTER_MS);
    this.timers.push(first.unref(), setInterval(catchUp, HOUR_MS).unref());
  }

  onModuleDestroy(): void {
    this.unused.stop();
    for (const timer of this.timers) clearInterval(timer);
  }

  /** News of a deleted user may have come while nobody listened, or while the database was away. */
  async catchUp(): Promise<void> {
    try {
      for (const userId of await deletedAmong(this.bus, await this.repository.owners())) await this.forget(userId);
    } catch (error) {
      this.logger.debug({ msg: 'deleted users could not be looked for; again in an hour', err: error });
    }
  }

  private async forget(userId: string): Promise<void> {
    try {
      const removed = await this.service.removeUser(userId);
      await this.repository.forgetOwner(userId);
      this.logger.log({ msg: 'removed what was kept of a deleted user', user_id: userId, ...removed });
    } catch (error) {
      this.logger.warn({
        msg: 'what is kept of a deleted user could not be removed; again in an hour',
        user_id: userId,
        err: error,
      });
    }
  }
}
