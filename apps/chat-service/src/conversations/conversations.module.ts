import { Module } from '@nestjs/common';
import { ChatDatabase } from '../database/chat-database';
import { PromptsController } from '../prompts/prompts.controller';
import { PromptsRepository } from '../prompts/prompts.repository';
import { TokenCounter } from '../context/token-counter';
import { TitleWriter } from '../titles/title-writer';
import { AnswerJournal } from './answer-journal';
import { ConversationRetention } from './conversation-retention';
import { ConversationsController } from './conversations.controller';
import { ConversationsRepository } from './conversations.repository';
import { ConversationsService } from './conversations.service';
import { ExchangeRepository } from './exchange.repository';
import { MessagesRepository } from './messages.repository';
import { SearchIndexer } from './search-indexer';
import { SearchRepository } from './search.repository';
import { Writers } from './writers';

/** What is kept of chats: conversations, messages, prompts. */
@Module({
  controllers: [ConversationsController, PromptsController],
  providers: [
    AnswerJournal,
    ChatDatabase,
    ConversationsRepository,
    ConversationsService,
    ExchangeRepository,
    ConversationRetention,
    MessagesRepository,
    PromptsRepository,
    SearchIndexer,
    SearchRepository,
    TitleWriter,
    TokenCounter,
    Writers,
  ],
  exports: [AnswerJournal, ChatDatabase, ExchangeRepository, TitleWriter, TokenCounter, Writers],
})
export class ConversationsModule {}
