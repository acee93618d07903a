import { Controller, Get, Param, Query, Res } from '@nestjs/common';
import { ApiNotFoundResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Bus } from '#common/bus';
import { Commands } from '#common/commands';
import type { Actor } from '#contracts/access';
import {
  EngineLogSubjects,
  FOLLOW_FOR_MS,
  type EngineLogLines,
  type EngineLogQuery,
  type EngineLogTail,
} from '#contracts/engine-logs';
import { CodedError } from '#contracts/errors';
import { CurrentActor, Roles } from '../auth/access.decorators';
import { ErrorResponseDto } from '../http/error.dto';
import { EngineLogDto, EngineLogQueryDto } from './engine-log.dto';
import { Feeds } from './feeds';
import type { SseFeed } from './sse-feed';

/** It becomes a part of a NATS subject. */
const ENGINE_ID = /^[A-Za-z0-9_-]{1,64}$/;

/** What an engine prints. */
@ApiTags('Models')
@Controller('api/engines')
@Roles('admin')
export class EngineLogsController {
  constructor(
    private readonly commands: Commands,
    private readonly bus: Bus,
    private readonly feeds: Feeds,
  ) {}

  @Get(':id/logs')
  @ApiOperation({
    summary: "The end of an engine's log",
    description: 'With `follow=true` as SSE: `event: lines` with the end, and then with what is added.',
  })
  @ApiOkResponse({
    type: EngineLogDto,
    content: { 'text/event-stream': { schema: { type: 'string' } } },
  })
  @ApiNotFoundResponse({ type: ErrorResponseDto })
  async logs(
    @Param('id') id: string,
    @Query() { follow, lines }: EngineLogQueryDto,
    @CurrentActor() actor: Actor,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    if (!ENGINE_ID.test(id)) throw new CodedError('not_found', 'There is no engine with this id.');
    if (follow === 'true') await this.follow(id, lines, actor, reply);
    else {
      const tail = await this.read({ engineId: id, lines, follow: false });
      void reply.header('cache-control', 'no-store').send({ lines: tail.lines } satisfies EngineLogDto);
    }
  }

  /** What is added while the end is being read comes after it, once. */
  private async follow(engineId: string, lines: number, actor: Actor, reply: FastifyReply): Promise<void> {
    let feed: SseFeed | null = null;
    let next = 0;
    const early: EngineLogLines[] = [];
    const pass = (to: SseFeed, added: EngineLogLines): void => {
      const fresh = added.lines.slice(Math.max(0, next - added.from));
      if (fresh.length === 0) return;
      next = added.from + added.lines.length;
      to.send('lines', { lines: fresh });
    };
    const subscription = this.bus.subscribe(EngineLogSubjects.lines(engineId), (message) => {
      const added = message.json<EngineLogLines>();
      if (feed === null) early.push(added);
      else pass(feed, added);
    });
    try {
      const tail = await this.read({ engineId, lines, follow: true });
      feed = this.feeds.begin(reply, actor);
      next = tail.next;
      feed.send('lines', { lines: tail.lines });
      for (const added of early) pass(feed, added);
    } catch (error) {
      subscription.unsubscribe();
      throw error;
    }
    const again = setInterval(() => {
      // The engine may be gone, or model-manager away: then nothing is added, and that is all.
      this.read({ engineId, lines: 0, follow: true }).catch(() => undefined);
    }, FOLLOW_FOR_MS / 3);
    feed.onClose(() => {
      clearInterval(again);
      subscription.unsubscribe();
    });
  }

  private read(query: EngineLogQuery): Promise<EngineLogTail> {
    return this.commands.send(EngineLogSubjects.read, query);
  }
}
