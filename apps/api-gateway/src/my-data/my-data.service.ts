import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Commands } from '#common/commands';
import type { Actor } from '#contracts/access';
import {
  ConversationSubjects,
  type ExportUser,
  type RemovedUserData,
  type UserDataPage,
} from '#contracts/conversations';
import { UsageQuerySubjects, type UsageRequestsPage, type UsageRequestsQuery } from '#contracts/usage-queries';
import { Repository } from 'typeorm';
import { ApiKey } from '../database/api-key.entity';
import { toKeyDto } from '../keys/key.dto';
import { MeService } from '../users/me.service';
import { toMeDto } from '../users/me.dto';

const USAGE_PAGE = 200;
/** The removal of ten thousand conversations takes longer than other commands. */
const REMOVAL_LIMIT_MS = 120_000;

/** Everything that Tandem keeps of one user, from all services. */
@Injectable()
export class MyDataService {
  constructor(
    @InjectRepository(ApiKey) private readonly keys: Repository<ApiKey>,
    private readonly me: MeService,
    private readonly commands: Commands,
  ) {}

  /**
   * As JSON, in parts: `{exportedAt, user, keys, conversations: [{..., messages}], prompts, usage}`. One page is in memory,
   * however much there is. Secrets are not part of it: Tandem does not have them.
   */
  async *export(actor: Actor): AsyncGenerator<string> {
    const user = toMeDto(await this.me.get(actor));
    const keys = (await this.keys.findBy({ userId: actor.userId })).map(toKeyDto);
    const head = JSON.stringify({ exportedAt: new Date().toISOString(), user, keys });
    yield `${head.slice(0, -1)},\n"conversations":[`;
    const prompts = yield* this.conversations(actor.userId);
    yield `\n],\n"prompts":${JSON.stringify(prompts)},\n"usage":[`;
    yield* this.usage(actor.userId);
    yield '\n]}\n';
  }

  /** Conversations, prompts and settings. The account, its keys and the ledger's rows stay. */
  async remove(actor: Actor): Promise<RemovedUserData> {
    const removed = await this.commands.send<RemovedUserData>(
      ConversationSubjects.removeUser,
      { ownerId: actor.userId },
      REMOVAL_LIMIT_MS,
    );
    await this.me.forgetSettings(actor);
    return removed;
  }

  /** @returns the prompts, which come with the last page. */
  private async *conversations(ownerId: string): AsyncGenerator<string, UserDataPage['prompts']> {
    let cursor: string | null = null;
    let open = false; // a conversation whose list of messages is not closed
    for (;;) {
      const query: ExportUser = { ownerId, cursor };
      const page: UserDataPage = await this.commands.send(ConversationSubjects.exportUser, query);
      const messages = page.messages.map((message) => JSON.stringify(message)).join(',\n');
      if (page.conversation !== null) {
        const head = JSON.stringify(page.conversation);
        yield `${open ? ']},' : ''}\n${head.slice(0, -1)},"messages":[${messages}`;
        open = true;
      } else if (messages !== '') yield `,\n${messages}`;
      if (page.nextCursor === null) {
        if (open) yield ']}';
        return page.prompts;
      }
      cursor = page.nextCursor;
    }
  }

  private async *usage(userId: string): AsyncGenerator<string> {
    const query: UsageRequestsQuery = {
      ownerId: userId,
      from: null,
      to: null,
      user: null,
      key: null,
      model: null,
      outcome: null,
      cursor: null,
      limit: USAGE_PAGE,
    };
    for (let first = true; ;) {
      const page: UsageRequestsPage = await this.commands.send(UsageQuerySubjects.requests, query);
      for (const row of page.items) {
        yield `${first ? '' : ','}\n${JSON.stringify(row)}`;
        first = false;
      }
      if (page.nextCursor === null) return;
      query.cursor = page.nextCursor;
    }
  }
}
