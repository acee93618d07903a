import { Module } from '@nestjs/common';
import { ChatDatabase } from '../database/chat-database';
import { PromptsController } from '../prompts/prompts.controller';
import { PromptsRepository } from '../prompts/prompts.repository';
import { ConversationsController } from './conversations.controller';
import { ConversationsRepository } from './conversations.repository';
import { ConversationsService } from './conversations.service';
import { MessagesRepository } from './messages.repository';
import { SearchIndexer } from './search-indexer';
import { SearchRepository } from './search.repository';

/** What is kept of chats: conversations, messages, prompts. */
@Module({
  controllers: [ConversationsController, PromptsController],
  providers: [
    ChatDatabase,
    ConversationsRepository,
    ConversationsService,
    MessagesRepository,
    PromptsRepository,
    SearchIndexer,
    SearchRepository,
  ],
  exports: [ChatDatabase, SearchIndexer],
})
export class ConversationsModule {}
