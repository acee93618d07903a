import { Controller } from '@nestjs/common';
import { MessagePattern } from '@nestjs/microservices';
import { CacheSubjects } from '#contracts/cache';
import { ResponseCache } from './response-cache';

/** Commands about the cache of answers. */
@Controller()
export class CacheController {
  constructor(private readonly cache: ResponseCache) {}

  @MessagePattern(CacheSubjects.clear)
  async clear(): Promise<Record<string, never>> {
    await this.cache.clear();
    return {};
  }
}
