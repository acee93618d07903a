import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import type { Redis } from 'ioredis';
import { Logger } from 'nestjs-pino';
import { connectRedis } from '#common/redis';
import { GATEWAY_CONFIG, type GatewayConfig } from '../config';

/** The connection to Redis, where one is configured. */
@Injectable()
export class RedisConnection implements OnApplicationShutdown {
  readonly client: Redis | null;

  constructor(@Inject(GATEWAY_CONFIG) config: GatewayConfig, logger: Logger) {
    this.client = config.REDIS_URL === undefined ? null : connect(config.REDIS_URL, logger);
  }

  onApplicationShutdown(): void {
    this.client?.disconnect();
  }
}

function connect(url: string, logger: Logger): Redis {
  const client = connectRedis(url);
  let up = true;
  client.on('error', (error: Error) => {
    if (up) logger.warn({ err: error, msg: 'Redis is away: limits are counted in this process alone' });
    up = false;
  });
  client.on('ready', () => {
    if (!up) logger.log('connected to Redis again');
    up = true;
  });
  return client;
}
