import { Module } from '@nestjs/common';
import { GATEWAY_CONFIG, type GatewayConfig } from '../config';
import { StreamingModule } from '../streaming/streaming.module';
import { ModelList } from './model-list';
import { OpenAiController } from './openai.controller';
import { RequestChecker } from './generation-request';

@Module({
  imports: [StreamingModule],
  controllers: [OpenAiController],
  providers: [
    ModelList,
    {
      provide: RequestChecker,
      inject: [GATEWAY_CONFIG],
      useFactory: (config: GatewayConfig) => new RequestChecker(config),
    },
  ],
})
export class OpenAiModule {}
