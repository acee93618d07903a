import { Module, type DynamicModule } from '@nestjs/common';
import { ModelsDirectory } from '#common/models-directory';
import { PlatformModule } from '#common/platform.module';
import { CHAT_CONFIG, type ChatConfig } from './config';
import { EngineRouter } from './engines/engine-router';
import { GenerationService } from './generation/generation.service';
import { JournalPublisher } from './generation/journal-publisher';

@Module({})
export class AppModule {
  static forRoot(config: ChatConfig): DynamicModule {
    return {
      module: AppModule,
      imports: [PlatformModule.forRoot('chat-service', config)],
      providers: [
        { provide: CHAT_CONFIG, useValue: config },
        ModelsDirectory,
        EngineRouter,
        JournalPublisher,
        GenerationService,
      ],
    };
  }
}
