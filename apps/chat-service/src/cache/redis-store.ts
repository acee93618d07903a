import { randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';
import type { Logger } from 'nestjs-pino';
import { counter } from '#common/metrics';
import { connectRedis } from '#common/redis';
import { StoreAway, type AnswerStore } from './answer-store';

const ANSWER = 'tandem:answers:';
const LEADER = 'tandem:answering:';
/** So long after the death of a chat-service another one asks for the answers that it was generating. */
const LEAD_MS = 10_000;
/** One that does not answer, or is not there, is asked again after so long: not every request waits for its timeout. */
const ASK_AGAIN_MS = 2_000;

/** Only who set a key may prolong or delete it: it may have ended meanwhile, and be another's. */
const PROLONG =
  "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('pexpire', KEYS[1], ARGV[2]) end return 0";
const RELEASE = "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end return 0";

/** Answers in Redis, which all chat-services share and which bounds its own memory. */
export class RedisStore implements AnswerStore {
  private readonly client: Redis;
  private readonly instance = randomUUID();
  private readonly led = new Set<string>();
  private readonly timer: NodeJS.Timeout;
  private up = true;
  private askAgainAt = 0;
  private readonly failures = counter(
    'tandem_response_cache_store_failures_total',
    'Times that Redis was away for the cache of answers, or went away',
    [],
  );

  constructor(
    url: string,
    private readonly ttlMs: number,
    private readonly logger: Pick<Logger, 'warn' | 'log'>,
  ) {
    this.client = connectRedis(url);
    this.client.on('error', (error: Error) => this.away(error));
    this.client.on('ready', () => this.back());
    this.timer = setInterval(() => this.prolong(), LEAD_MS / 3).unref();
  }

  get(key: string): Promise<Buffer | null> {
    return this.ask(() => this.client.getBuffer(ANSWER + key));
  }

  set(key: string, answer: Buffer): void {
    this.tell(() => this.client.set(ANSWER + key, answer, 'PX', this.ttlMs));
  }

  async lead(key: string): Promise<boolean> {
    const taken = await this.ask(() => this.client.set(LEADER + key, this.instance, 'PX', LEAD_MS, 'NX'));
    if (taken === null) return false;
    this.led.add(key);
    return true;
  }

  async isLed(key: string): Promise<boolean> {
    return (await this.ask(() => this.client.exists(LEADER + key))) > 0;
  }

  release(key: string): void {
    if (this.led.delete(key)) this.tell(() => this.client.eval(RELEASE, 1, LEADER + key, this.instance));
  }

  /** What an answer depends on is part of its key: the old ones are found no more, and end by their time. */
  clear(): void {
    return;
  }

  close(): void {
    clearInterval(this.timer);
    this.client.disconnect();
  }

  private prolong(): void {
    for (const key of this.led) this.tell(() => this.client.eval(PROLONG, 1, LEADER + key, this.instance, LEAD_MS));
  }

  private async ask<T>(question: () => Promise<T>): Promise<T> {
    if (!this.up && performance.now() < this.askAgainAt) {
      this.failures.inc();
      throw new StoreAway('Redis is away');
    }
    try {
      const answer = await question();
      this.back();
      return answer;
    } catch (error) {
      this.away(error);
      throw new StoreAway('Redis is away', { cause: error });
    }
  }

  private tell(command: () => Promise<unknown>): void {
    command().catch((error: unknown) => this.away(error));
  }

  private away(error: unknown): void {
    this.failures.inc();
    this.askAgainAt = performance.now() + ASK_AGAIN_MS;
    if (this.up) this.logger.warn({ msg: 'Redis is away: answers are generated without the cache', err: error });
    this.up = false;
  }

  private back(): void {
    if (!this.up) this.logger.log({ msg: 'Redis is back: the cache of answers is used again' });
    this.up = true;
  }
}
