import { Body, Controller, HttpCode, Post, Req, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Actor } from '#contracts/access';
import { Authenticated, CurrentActor } from '../auth/access.decorators';
import { Generations } from '../streaming/generations';
import { MeService } from '../users/me.service';
import { ApiChat } from './chat.docs';
import { ChatChecker } from './chat-request';

/** Tandem's own chat: named events, kept conversations. */
@ApiTags('Chat')
@Controller('api/chat')
@Authenticated()
export class ChatController {
  constructor(
    private readonly checker: ChatChecker,
    private readonly generations: Generations,
    private readonly me: MeService,
  ) {}

  @Post()
  @HttpCode(200)
  @ApiChat()
  async chat(
    @Body() body: unknown,
    @CurrentActor() actor: Actor,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const given = this.checker.read(body);
    // Conversations need the database anyway; without one, nobody's settings are asked for.
    const settings = given.conversationId === null ? null : await this.me.get(actor);
    await this.generations.run('/api/chat', this.checker.check(given, settings), request, reply);
  }
}
