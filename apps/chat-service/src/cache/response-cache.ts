import { setTimeout as wait } from 'node:timers/promises';
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
import { StoreAway, type AnswerStore } from './answer-store';
import { MemoryStore } from './memory-store';
import { Recording } from './recording';
import { RedisStore } from './redis-store';

/** Of what is kept in memory, one answer may have this share. */
const LARGEST_SHARE = 8;

/** How often it is looked whether another chat-service has an answer that it is generating, milliseconds: first and at most. */
const FIRST_LOOK_MS = 25;
const LAST_LOOK_MS = 250;

/** What the cache has for a request. */
export type Place =
  | { kind: Extract<CacheOutcome, 'hit'>; answer: Buffer }
  | { kind: Extract<CacheOutcome, 'miss'>; recording: Recording }
  | { kind: Extract<CacheOutcome, 'bypass'> };

const BYPASS = { kind: 'bypass' } as const;

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
    const place = mayRepeat(head, body) ? await this.find(head, this.keyOf(head, body, path, model)) : BYPASS;
    this.requests.inc({ outcome: place.kind });
    return place;
  }

  /** Whether it may be worth to look for an answer before the request has a place on an engine. */
  mayHave(head: GenerateRequest, body: Uint8Array): boolean {
    return this.on && (head.code !== undefined || mayRepeat(head, body));
  }

  /** An answer that is there already: no engine is needed for it. */
  async kept(head: GenerateRequest, body: Uint8Array, path: string, model: Route['model']): Promise<Buffer | null> {
    if (!mayRepeat(head, body) || !this.bucket.ready) return null;
    try {
      const answer = (await this.store?.get(this.keyOf(head, body, path, model))) ?? null;
      if (answer !== null) this.requests.inc({ outcome: 'hit' });
      return answer;
    } catch (error) {
      if (error instanceof StoreAway) return null;
      throw error;
    }
  }

  /** The request is over; `complete`: its client was given all of the answer. */
  over(requestId: string, complete: boolean): void {
    const recording = this.leaders.get(requestId);
    if (recording === undefined) return;
    this.leaders.delete(requestId);
    this.flights.delete(recording.key);
    const answer = recording.end(complete);
    if (answer !== null) this.store?.set(recording.key, answer);
    this.store?.release(recording.key);
  }

  private async find(head: GenerateRequest, key: string): Promise<Place> {
    const { store } = this;
    // Until it is known when it was cleared last, nothing of before may be found.
    if (store === null || !this.bucket.ready) return BYPASS;
    try {
      for (;;) {
        const answer = (await store.get(key)) ?? (await this.flights.get(key)?.answer) ?? null;
        if (answer !== null) return { kind: 'hit', answer };
        if (this.flights.has(key)) continue;
        const place = await this.lead(head, key, store);
        if (place !== null) return place;
      }
    } catch (error) {
      if (error instanceof StoreAway) return BYPASS;
      throw error;
    }
  }

  /** Who comes first asks the engine, of all chat-services. Null: another one did, and has no answer. */
  private async lead(head: GenerateRequest, key: string, store: AnswerStore): Promise<Place | null> {
    const recording = new Recording(key, Math.floor(this.config.RESPONSE_CACHE_BYTES / LARGEST_SHARE));
    this.flights.set(key, recording);
    try {
      const leads = await store.lead(key);
      // The one who led may have come to its end just before.
      const answer = leads ? await store.get(key) : await this.fromAnother(key, store);
      if (answer === null && leads) {
        this.leaders.set(head.requestId, recording);
        return { kind: 'miss', recording };
      }
      return answer === null ? null : { kind: 'hit', answer };
    } finally {
      // Also where Redis went away in the middle: those who wait here look for themselves.
      if (this.leaders.get(head.requestId) !== recording) this.dropFlight(recording, store);
    }
  }

  /** Waits for what another chat-service generates; null: it does not any more, and there is no answer. */
  private async fromAnother(key: string, store: AnswerStore): Promise<Buffer | null> {
    for (let look = FIRST_LOOK_MS; ; look = Math.min(look * 2, LAST_LOOK_MS)) {
      await wait(look);
      const led = await store.isLed(key);
      const answer = await store.get(key);
      if (answer !== null || !led) return answer;
    }
  }

  private dropFlight(recording: Recording, store: AnswerStore): void {
    this.flights.delete(recording.key);
    store.release(recording.key);
    recording.end(false);
  }

  private keyOf(head: GenerateRequest, body: Uint8Array, path: string, model: Route['model']): string {
    const userId = this.config.RESPONSE_CACHE_SHARED === 'true' ? null : head.actor.userId;
    return cacheKey(head, body, path, model, { userId, epoch: this.epoch });
  }

  private newEpoch(cleared = this.cleared): void {
    this.cleared = cleared;
    this.epoch = JSON.stringify([
      this.cleared,
      // In the same order in all chat-services.
      this.guardrails
        .list()
        .map(({ scope, updatedAt }) => [scope, updatedAt])
        .sort(([a = ''], [b = '']) => (a < b ? -1 : 1)),
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
