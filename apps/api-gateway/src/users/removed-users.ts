import { Injectable, type OnModuleInit } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import type { Msg } from '@nats-io/transport-node';
import { Bus } from '#common/bus';
import { AccessSubjects, type UsersRemoved } from '#contracts/access';
import { Logger } from 'nestjs-pino';
import { In, Repository } from 'typeorm';
import { z } from 'zod';
import { User } from '../database/user.entity';

const querySchema = z.object({ userIds: z.array(z.string()).max(1_000) });
const QUEUE = 'api-gateway';

/** Tells the ledger which users are deleted: it keeps their rows without the e-mail, and may have missed the news. */
@Injectable()
export class RemovedUsers implements OnModuleInit {
  constructor(
    private readonly bus: Bus,
    @InjectRepository(User) private readonly users: Repository<User>,
    private readonly logger: Logger,
  ) {}

  onModuleInit(): void {
    this.bus.subscribe(
      AccessSubjects.removedUsers,
      (message) => {
        // Unanswered, the question is asked again: nobody is called deleted on a guess.
        this.answer(message).catch((error: unknown) =>
          this.logger.warn({ msg: 'usage-service was not told which users are deleted; it asks again', err: error }),
        );
      },
      QUEUE,
    );
  }

  private async answer(message: Msg): Promise<void> {
    const { userIds } = querySchema.parse(message.json());
    // Others were never users: Tandem itself is one in the ledger.
    const asked = userIds.filter((id) => z.uuid().safeParse(id).success);
    const there = new Set(
      (await this.users.find({ select: { id: true }, where: { id: In(asked) } })).map(({ id }) => id),
    );
    const removed: UsersRemoved = { userIds: asked.filter((id) => !there.has(id)) };
    message.respond(JSON.stringify(removed));
  }
}
