import type { Redis } from 'ioredis';
import type { Logger } from 'nestjs-pino';
import { connectRedis } from '#common/redis';
import type { AnswerStore } from './memory-store';

const PREFIX = 'tandem:answers:';

/** Answers in Redis, which all chat-services share and which bounds its own memory. Away: as if nothing was kept. */
export class RedisStore implements AnswerStore {
  private readonly client: Redis;
  private up = true;

  constructor(
    url: string,
    private readonly ttlMs: number,
    private readonly logger: Pick<Logger, 'warn' | 'log'>,
  ) {
    this.client = connectRedis(url);
    this.client.on('error', (error: Error) => this.away(error));
    this.client.on('ready', () => (this.up = true));
  }

  async get(key: string): Promise<Buffer | null> {
    try {
      return await this.client.getBuffer(PREFIX + key);
    } catch (error) {
      this.away(error);
      return null;
    }
  }

  set(key: string, answer: Buffer): void {
    this.client.set(PREFIX + key, answer, 'PX', this.ttlMs).catch((error: unknown) => this.away(error));
  }

  /** What an answer depends on is part of its key: the old ones are found no more, and end by their time. */
  clear(): void {
    return;
  }

  close(): void {
    this.client.disconnect();
  }

  private away(error: unknown): void {
    if (this.up) this.logger.warn({ msg: 'Redis is away: no answer is found in the cache', err: error });
    this.up = false;
  }
}
