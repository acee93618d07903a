import { Controller } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import {
  ConversationSubjects,
  type Conversation,
  type ConversationPage,
  type ConversationRef,
  type CreateConversation,
  type ExportUser,
  type ListConversations,
  type ListMessages,
  type MessagePage,
  type RemovedUserData,
  type UpdateConversation,
  type UserDataPage,
} from '#contracts/conversations';
import { ConversationsRepository } from './conversations.repository';
import { ConversationsService } from './conversations.service';

/** Commands about conversations. The gateway has checked their fields; whose they are is in every statement. */
@Controller()
export class ConversationsController {
  constructor(
    private readonly service: ConversationsService,
    private readonly repository: ConversationsRepository,
  ) {}

  @MessagePattern(ConversationSubjects.list)
  list(@Payload() request: ListConversations): Promise<ConversationPage> {
    return this.service.list(request);
  }

  @MessagePattern(ConversationSubjects.create)
  create(@Payload() request: CreateConversation): Promise<Conversation> {
    return this.repository.create(request);
  }

  @MessagePattern(ConversationSubjects.get)
  get(@Payload() request: ConversationRef): Promise<Conversation> {
    return this.repository.get(request);
  }

  @MessagePattern(ConversationSubjects.update)
  update(@Payload() request: UpdateConversation): Promise<Conversation> {
    return this.repository.update(request);
  }

  @MessagePattern(ConversationSubjects.remove)
  async remove(@Payload() request: ConversationRef): Promise<Record<string, never>> {
    await this.service.remove(request);
    return {};
  }

  @MessagePattern(ConversationSubjects.messages)
  messages(@Payload() request: ListMessages): Promise<MessagePage> {
    return this.service.page(request);
  }

  @MessagePattern(ConversationSubjects.exportUser)
  exportUser(@Payload() request: ExportUser): Promise<UserDataPage> {
    return this.service.exportUser(request);
  }

  @MessagePattern(ConversationSubjects.removeUser)
  removeUser(@Payload() { ownerId }: { ownerId: string }): Promise<RemovedUserData> {
    return this.service.removeUser(ownerId);
  }
}
