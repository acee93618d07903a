import { Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { ThrottlerModule } from '@nestjs/throttler';
import { Commands } from '#common/commands';
import { GATEWAY_CONFIG, type GatewayConfig } from '../config';
import { Budgets } from './budgets';
import { GenerationLimits } from './generation-limits';
import { RedisConnection } from './redis';
import { RedisModule } from './redis.module';
import { RequestCounts, WINDOW_S } from './request-counts';
import { RequestLimitGuard } from './request-limit.guard';

/** Requests a minute, tokens, requests at once, budgets. Imported after AuthModule: its guard must know the caller. */
@Module({
  imports: [
    RedisModule,
    ThrottlerModule.forRootAsync({
      imports: [RedisModule],
      inject: [GATEWAY_CONFIG, RedisConnection],
      useFactory: (config: GatewayConfig, redis: RedisConnection) => ({
        throttlers: [{ name: 'default', ttl: WINDOW_S * 1_000, limit: config.REQUESTS_PER_MINUTE }],
        storage: new RequestCounts(redis.client),
      }),
    }),
  ],
  providers: [{ provide: APP_GUARD, useClass: RequestLimitGuard }, Commands, Budgets, GenerationLimits],
  exports: [GenerationLimits],
})
export class LimitsModule {}
