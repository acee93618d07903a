import { Global, Module, type DynamicModule } from '@nestjs/common';
import { ModelsDirectory } from '#common/models-directory';
import { PlatformModule } from '#common/platform.module';
import { Admission } from './admission/admission';
import { Peers } from './admission/peers';
import { CacheController } from './cache/cache.controller';
import { ResponseCache } from './cache/response-cache';
import { CHAT_CONFIG, type ChatConfig } from './config';
import { CodeController } from './code/code.controller';
import { CodeFactsBook } from './code/code-facts';
import { CodeTurns } from './code/code-turns';
import { ConversationsModule } from './conversations/conversations.module';
import { EngineRouter } from './engines/engine-router';
import { FallbackPlacement } from './engines/fallback-placement';
import { ChatTurns } from './generation/chat-turns';
import { GenerationService } from './generation/generation.service';
import { HintPlacement } from './hints/hint-placement';
import { HintServer } from './hints/hint-server';
import { HintSettingsStore } from './hints/hint-settings';
import { HintTurns } from './hints/hint-turns';
import { HintsController } from './hints/hints.controller';
import { LocalHints } from './hints/local-hints';
import { Guardrails } from './guardrails/guardrails';
import { GuardrailsController } from './guardrails/guardrails.controller';
import { JournalPublisher } from './generation/journal-publisher';
import { TokenReservations } from './generation/token-reservations';

@Global()
@Module({})
export class AppModule {
  static forRoot(config: ChatConfig): DynamicModule {
    return {
      module: AppModule,
      imports: [PlatformModule.forRoot('chat-service', config), ConversationsModule],
      controllers: [CacheController, CodeController, GuardrailsController, HintsController],
      providers: [
        { provide: CHAT_CONFIG, useValue: config },
        ModelsDirectory,
        EngineRouter,
        FallbackPlacement,
        Peers,
        Admission,
        TokenReservations,
        JournalPublisher,
        ChatTurns,
        { provide: CodeFactsBook, useFactory: () => new CodeFactsBook(config.modelsDirectory) },
        CodeTurns,
        HintSettingsStore,
        HintServer,
        HintPlacement,
        LocalHints,
        HintTurns,
        Guardrails,
        ResponseCache,
        GenerationService,
      ],
      exports: [CHAT_CONFIG],
    };
  }
}
