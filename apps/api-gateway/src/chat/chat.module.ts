import { Module } from '@nestjs/common';
import { GATEWAY_CONFIG, type GatewayConfig } from '../config';
import { RequestChecker } from '../openai/generation-request';
import { StreamingModule } from '../streaming/streaming.module';
import { UsersModule } from '../users/users.module';
import { ChatChecker } from './chat-request';
import { ChatController } from './chat.controller';

@Module({
  imports: [StreamingModule, UsersModule],
  controllers: [ChatController],
  providers: [
    {
      provide: ChatChecker,
      inject: [GATEWAY_CONFIG],
      useFactory: (config: GatewayConfig) => new ChatChecker(new RequestChecker(config)),
    },
  ],
})
export class ChatModule {}
