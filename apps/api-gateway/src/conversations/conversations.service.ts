import { Injectable } from '@nestjs/common';
import {
  ConversationSubjects,
  type Conversation,
  type ConversationPage,
  type ConversationRef,
  type CreateConversation,
  type ListConversations,
  type ListMessages,
  type MessagePage,
  type UpdateConversation,
} from '#contracts/conversations';
import { given } from '../http/given';
import { Commands } from '#common/commands';
import type {
  ConversationsQueryDto,
  CreateConversationDto,
  MessagesQueryDto,
  UpdateConversationDto,
} from './conversation.dto';
import { MAX_MESSAGES_PAGE } from './conversation.dto';

const DEFAULT_LIMIT = 50;

/** Conversations of one owner, as chat-service keeps them. */
@Injectable()
export class ConversationsService {
  constructor(private readonly commands: Commands) {}

  list(ownerId: string, { q, cursor, limit }: ConversationsQueryDto): Promise<ConversationPage> {
    const request: ListConversations = {
      ownerId,
      query: q ?? null,
      cursor: cursor ?? null,
      limit: limit ?? DEFAULT_LIMIT,
    };
    return this.commands.send(ConversationSubjects.list, request);
  }

  create(ownerId: string, body: CreateConversationDto): Promise<Conversation> {
    const request: CreateConversation = {
      ownerId,
      title: body.title ?? null,
      systemPrompt: body.systemPrompt ?? null,
      promptId: body.promptId ?? null,
      model: body.model ?? null,
      parameters: body.parameters ?? {},
    };
    return this.commands.send(ConversationSubjects.create, request);
  }

  get(ref: ConversationRef): Promise<Conversation> {
    return this.commands.send(ConversationSubjects.get, ref);
  }

  update(ref: ConversationRef, change: UpdateConversationDto): Promise<Conversation> {
    const request: UpdateConversation = { ...ref, ...given(change) };
    return this.commands.send(ConversationSubjects.update, request);
  }

  async remove(ref: ConversationRef): Promise<void> {
    await this.commands.send(ConversationSubjects.remove, ref);
  }

  messages(ref: ConversationRef, { cursor, limit }: MessagesQueryDto): Promise<MessagePage> {
    const request: ListMessages = { ...ref, cursor: cursor ?? null, limit: limit ?? MAX_MESSAGES_PAGE };
    return this.commands.send(ConversationSubjects.messages, request);
  }
}
