import { Module } from '@nestjs/common';
import { AuthModule } from '../auth/auth.module';
import { StreamingModule } from '../streaming/streaming.module';
import { EngineLogsController } from './engine-logs.controller';
import { Feeds } from './feeds';
import { ModelsController } from './models.controller';
import { ModelsStatus } from './models-status';
import { SwitchesController } from './switches.controller';

/** The engines: what they do, changing their model, what they print. */
@Module({
  imports: [AuthModule, StreamingModule],
  controllers: [ModelsController, SwitchesController, EngineLogsController],
  providers: [ModelsStatus, Feeds],
})
export class ModelsModule {}
