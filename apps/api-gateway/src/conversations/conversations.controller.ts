import { Readable } from 'node:stream';
import { Body, Controller, Delete, Get, Header, HttpCode, Param, Patch, Post, Query, Res } from '@nestjs/common';
import {
  ApiBadRequestResponse,
  ApiCreatedResponse,
  ApiNoContentResponse,
  ApiNotFoundResponse,
  ApiOkResponse,
  ApiOperation,
  ApiServiceUnavailableResponse,
  ApiTags,
} from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import type { Actor } from '#contracts/access';
import type { Conversation, ConversationListItem, Message } from '#contracts/conversations';
import { Authenticated, CurrentActor } from '../auth/access.decorators';
import { ErrorResponseDto } from '../http/error.dto';
import { IdPipe } from '../http/id.pipe';
import { pageOf, type Page } from '../http/page';
import { exportJson, exportMarkdown } from './conversation-export';
import {
  ConversationDto,
  ConversationListItemDto,
  ConversationsQueryDto,
  CreateConversationDto,
  ExportQueryDto,
  MessageDto,
  MessagesQueryDto,
  UpdateConversationDto,
} from './conversation.dto';
import { ConversationsService } from './conversations.service';

/** One's own conversations; those of others do not exist. */
@ApiTags('Conversations')
@Controller('api/conversations')
@Authenticated()
@ApiBadRequestResponse({ type: ErrorResponseDto })
@ApiServiceUnavailableResponse({ description: 'The database is away.', type: ErrorResponseDto })
export class ConversationsController {
  constructor(private readonly conversations: ConversationsService) {}

  @Get()
  @ApiOperation({
    summary: 'My conversations, last used first',
    description: 'With `q`: those whose title or messages hold this text, the newest hit first.',
  })
  @ApiOkResponse({ type: pageOf(ConversationListItemDto) })
  list(@CurrentActor() actor: Actor, @Query() query: ConversationsQueryDto): Promise<Page<ConversationListItem>> {
    return this.conversations.list(actor.userId, query);
  }

  @Post()
  @ApiOperation({ summary: 'Begin a conversation' })
  @ApiCreatedResponse({ type: ConversationDto })
  create(@CurrentActor() actor: Actor, @Body() body: CreateConversationDto): Promise<Conversation> {
    return this.conversations.create(actor.userId, body);
  }

  @Get(':id')
  @ApiOperation({ summary: 'One conversation, without its messages' })
  @ApiOkResponse({ type: ConversationDto })
  @ApiNotFoundResponse({ type: ErrorResponseDto })
  get(@CurrentActor() actor: Actor, @Param('id', IdPipe) id: string): Promise<Conversation> {
    return this.conversations.get({ ownerId: actor.userId, id });
  }

  @Patch(':id')
  @ApiOperation({ summary: 'Rename, change system prompt, model or parameters, or go to another branch' })
  @ApiOkResponse({ type: ConversationDto })
  @ApiNotFoundResponse({ type: ErrorResponseDto })
  update(
    @CurrentActor() actor: Actor,
    @Param('id', IdPipe) id: string,
    @Body() body: UpdateConversationDto,
  ): Promise<Conversation> {
    return this.conversations.update({ ownerId: actor.userId, id }, body);
  }

  @Delete(':id')
  @HttpCode(204)
  @ApiOperation({ summary: 'Delete a conversation with all of its messages' })
  @ApiNoContentResponse()
  @ApiNotFoundResponse({ type: ErrorResponseDto })
  remove(@CurrentActor() actor: Actor, @Param('id', IdPipe) id: string): Promise<void> {
    return this.conversations.remove({ ownerId: actor.userId, id });
  }

  @Get(':id/messages')
  @ApiOperation({
    summary: 'The messages, of all branches, oldest first',
    description: 'A parent always comes before its children. An answer that is being written has `state: generating`.',
  })
  @ApiOkResponse({ type: pageOf(MessageDto) })
  @ApiNotFoundResponse({ type: ErrorResponseDto })
  messages(
    @CurrentActor() actor: Actor,
    @Param('id', IdPipe) id: string,
    @Query() query: MessagesQueryDto,
  ): Promise<Page<Message>> {
    return this.conversations.messages({ ownerId: actor.userId, id }, query);
  }

  @Get(':id/export')
  @Header('cache-control', 'no-store')
  @ApiOperation({ summary: 'As a file: Markdown of the path seen last, or JSON of everything' })
  @ApiOkResponse({
    content: {
      'text/markdown': { schema: { type: 'string' } },
      'application/json': { schema: { type: 'object' } },
    },
  })
  @ApiNotFoundResponse({ type: ErrorResponseDto })
  async export(
    @CurrentActor() actor: Actor,
    @Param('id', IdPipe) id: string,
    @Query() { format = 'md' }: ExportQueryDto,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const ref = { ownerId: actor.userId, id };
    const conversation = await this.conversations.get(ref);
    const write = format === 'md' ? exportMarkdown : exportJson;
    void reply.header(
      'content-type',
      format === 'md' ? 'text/markdown; charset=utf-8' : 'application/json; charset=utf-8',
    );
    void reply.header('content-disposition', `attachment; filename="conversation-${id}.${format}"`);
    await reply.send(Readable.from(write(this.conversations, ref, conversation)));
  }
}
