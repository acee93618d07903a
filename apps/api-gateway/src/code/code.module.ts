import { Module } from '@nestjs/common';
import { GATEWAY_CONFIG, type GatewayConfig } from '../config';
import { StreamingModule } from '../streaming/streaming.module';
import { CodeChecker } from './code-request';
import { CodeController } from './code.controller';

@Module({
  imports: [StreamingModule],
  controllers: [CodeController],
  providers: [
    {
      provide: CodeChecker,
      inject: [GATEWAY_CONFIG],
      useFactory: (config: GatewayConfig) => new CodeChecker(config.MAX_OUTPUT_TOKENS),
    },
  ],
})
export class CodeModule {}
