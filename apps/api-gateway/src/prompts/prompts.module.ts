import { Module } from '@nestjs/common';
import { PromptsController } from './prompts.controller';
import { PromptsService } from './prompts.service';
import { SharedPromptsController } from './shared-prompts.controller';

@Module({ controllers: [PromptsController, SharedPromptsController], providers: [PromptsService] })
export class PromptsModule {}
