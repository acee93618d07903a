import { Module } from '@nestjs/common';
import { StreamingModule } from '../streaming/streaming.module';
import { HintSettingsController } from './hint-settings.controller';
import { HintsController } from './hints.controller';

@Module({ imports: [StreamingModule], controllers: [HintsController, HintSettingsController] })
export class HintsModule {}
