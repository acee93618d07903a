import { Inject, Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { Logger } from 'nestjs-pino';
import { CACHE_BUCKET, CACHE_CLEARED_KEY, type CacheOutcome } from '#contracts/cache';
import type { GenerateRequest } from '#contracts/generate';
import { Bus } from '#common/bus';
import { counter } from '#common/metrics';
import { ModelsDirectory } from '#common/models-directory';
import { CHAT_CONFIG, type ChatConfig } from '../config';
import type { Route } from '../engines/engine-router';
import { Guardrails } from '../guardrails/guardrails';
import { WatchedBucket } from '../settings/watched-bucket';
import { cacheKey, mayRepeat } from './cache-key';
import { MemoryStore, type AnswerStore } from './memory-store';
import { Recording } from './recording';
import { RedisStore } from './redis-store';

/** Of what is kept in memory, one answer may have this share. */
const LARGEST_SHARE = 8;

/** What the cache has for a request. */
export type Place =
  | { kind: Extract<CacheOutcome, 'hit'>; answer: Buffer }
  | { kind: Extract<CacheOutcome, 'miss'>; recording: Recording }
  | { kind: Extract<CacheOutcome, 'bypass'> };

/** Answers that need not be generated again. Off unless configured; then it costs a request nothing. */
@Injectable()
export class ResponseCache implements OnModuleInit, OnApplicationShutdown {
  private readonly store: AnswerStore | null;
  /** Answers that are being generated, by key: whoever asks the same waits for them. */
  private readonly flights = new Map<string, Recording>();
  /** The same by request. */
  private readonly leaders = new Map<string, Recording>();
  private readonly bucket: WatchedBucket;
  private cleared: string | null = null;
  private epoch = '';
  private readonly requests = counter('tandem_response_cache_requests_total', 'Requests that the cache looked at', [
    'outcome',
  ]);

  constructor(
    @Inject(CHAT_CONFIG) private readonly config: ChatConfig,
    private readonly directory: ModelsDirectory,
    private readonly guardrails: Guardrails,
    bus: Bus,
    logger: Logger,
  ) {
    this.bucket = new WatchedBucket(bus, CACHE_BUCKET, (_, at) => this.newEpoch(at), logger);
    this.store = storeOf(config, logger);
  }

  get on(): boolean {
    return this.store !== null;
  }

  onModuleInit(): void {
    if (!this.on) return;
    let engines = this.enginesNow();
    this.directory.onChange(() => {
      const now = this.enginesNow();
      if (now !== engines) this.store?.clear();
      engines = now;
    });
    this.guardrails.onChange(() => this.newEpoch());
    this.bucket.begin();
  }

  onApplicationShutdown(): void {
    this.bucket.end();
    this.store?.close();
  }

  /** Forgets everything, everywhere. @throws CodedError `service_unavailable` */
  async clear(): Promise<void> {
    await this.bucket.put(CACHE_CLEARED_KEY, new Date().toISOString());
  }

  /** What there is for a request: at once, or when the same that another one has asked for is there. */
  async enter(head: GenerateRequest, body: Uint8Array, path: string, { model }: Route): Promise<Place> {
    const place = mayRepeat(head, body) ? await this.find(head, body, path, model) : ({ kind: 'bypass' } as const);
    this.requests.inc({ outcome: place.kind });
    return place;
  }

  /** The request is over; `complete`: its client was given all of the answer. */
  over(requestId: string, complete: boolean): void {
    const recording = this.leaders.get(requestId);
    if (recording === undefined) return;
    this.leaders.delete(requestId);
    this.flights.delete(recording.key);
    const answer = recording.end(complete);
    if (answer !== null) this.store?.set(recording.key, answer);
  }

  private async find(
    head: GenerateRequest,
    body: Uint8Array,
    path: string,
    model: Route['model'],
  ): Promise<Exclude<Place, { kind: 'bypass' }>> {
    const userId = this.config.RESPONSE_CACHE_SHARED === 'true' ? null : head.actor.userId;
    const key = cacheKey(head, body, path, model, { userId, epoch: this.epoch });
    for (;;) {
      const kept = (await this.store?.get(key)) ?? null;
      if (kept !== null) return { kind: 'hit', answer: kept };
      const flight = this.flights.get(key);
      if (flight === undefined) break;
      const answer = await flight.answer;
      if (answer !== null) return { kind: 'hit', answer };
    }
    const recording = new Recording(key, Math.floor(this.config.RESPONSE_CACHE_BYTES / LARGEST_SHARE));
    this.flights.set(key, recording);
    this.leaders.set(head.requestId, recording);
    return { kind: 'miss', recording };
  }

  private newEpoch(cleared = this.cleared): void {
    this.cleared = cleared;
    this.epoch = JSON.stringify([
      this.cleared,
      this.guardrails.list().map(({ scope, updatedAt }) => [scope, updatedAt]),
    ]);
    this.store?.clear();
  }

  /** Another engine, or the same one started anew: with another model, template or version. */
  private enginesNow(): string {
    const engines = this.directory.state?.engines ?? [];
    return JSON.stringify(engines.map(({ id, life, profile, models }) => [id, life, profile, models.map((m) => m.id)]));
  }
}

function storeOf(config: ChatConfig, logger: Logger): AnswerStore | null {
  const ttlMs = config.RESPONSE_CACHE_TTL_S * 1_000;
  switch (config.RESPONSE_CACHE) {
    case 'off':
      return null;
    case 'memory':
      return new MemoryStore(config.RESPONSE_CACHE_BYTES, ttlMs);
    case 'redis':
      return new RedisStore(config.REDIS_URL ?? '', ttlMs, logger);
  }
}
