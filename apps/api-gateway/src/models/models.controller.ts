import { Controller, Get, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import type { Actor } from '#contracts/access';
import { Authenticated, CurrentActor } from '../auth/access.decorators';
import { Feeds } from './feeds';
import { ModelsStatus } from './models-status';
import { ModelsStatusDto } from './models-status.dto';

/** A boot tells dozens of percents; more than a few pictures a second nobody sees. */
const GATHER_MS = 100;

/** What the engines do. */
@ApiTags('Models')
@Controller('api/models')
@Authenticated()
export class ModelsController {
  constructor(
    private readonly models: ModelsStatus,
    private readonly feeds: Feeds,
  ) {}

  @Get('status')
  @ApiOperation({ summary: 'Engines, profile in force, switch under way, queue' })
  @ApiOkResponse({ type: ModelsStatusDto })
  status(): ModelsStatusDto {
    return this.models.status();
  }

  @Get('events')
  @ApiOperation({
    summary: 'The status as SSE: now, and after each change',
    description: '`event: status`, each with the whole status, so that a lost one does not matter.',
  })
  @ApiOkResponse({ content: { 'text/event-stream': { schema: { type: 'string' } } } })
  events(@CurrentActor() actor: Actor, @Res() reply: FastifyReply): void {
    const feed = this.feeds.begin(reply, actor);
    let timer: NodeJS.Timeout | undefined;
    const tell = (): void => {
      timer = undefined;
      feed.send('status', this.models.status());
    };
    const stop = this.models.onChange(() => (timer ??= setTimeout(tell, GATHER_MS)));
    feed.onClose(() => {
      stop();
      clearTimeout(timer);
    });
    tell();
  }
}
