import { hash } from 'node:crypto';
import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { AccessSubjects, type AccessChanged } from '#contracts/access';
import type { ChunkSettings } from '#contracts/code';
import { CodedError } from '#contracts/errors';
import { Bus } from '#common/bus';
import { Repository } from 'typeorm';
import { z } from 'zod';
import { GATEWAY_CONFIG, type GatewayConfig } from '../config';
import { ApiKey } from '../database/api-key.entity';
import { isDatabaseAway } from '#common/database-errors';
import { User } from '../database/user.entity';
import { limitSets } from '../limits/limit-set';
import { Known } from './known';
import type { RequestAccess } from './request-access';

export interface KnownKey {
  keyId: string;
  userId: string;
  access: RequestAccess;
  /** Epoch milliseconds. */
  expiresAt: number | null;
  ownerDisabled: boolean;
}

export interface KnownUser {
  userId: string;
  access: RequestAccess;
  disabled: boolean;
  tokenVersion: number;
}

/** Keys and users are asked for again after a minute at the latest; news over NATS make it at once. */
const SETTINGS = { refreshMs: 60_000, absentMs: 5_000, max: 20_000 };

const changedSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('user'), userId: z.string(), ended: z.enum(['disabled', 'deleted']).optional() }),
  z.object({ kind: z.literal('key'), keyId: z.string(), ended: z.literal('deleted').optional() }),
]) satisfies z.ZodType<AccessChanged>;

const LIMITS = [
  'expiresAt',
  'allowedModels',
  'requestsPerMinute',
  'tokensPerMinute',
  'concurrentRequests',
  'monthlyTokens',
] as const satisfies (keyof ApiKey)[];

/**
 * The keys and users that this gateway has seen. Postgres is not on the token path, and Postgres away does not stop
 * those who are known. Whoever changes one announces it, and every gateway forgets it.
 */
@Injectable()
export class AccessCache implements OnModuleInit {
  private readonly keys = new Known<KnownKey>((keyHash) => available(this.loadKey(keyHash)), SETTINGS);
  private readonly users = new Known<KnownUser>((id) => available(this.loadUser(id)), SETTINGS);

  private readonly endListeners: ((change: AccessChanged) => void)[] = [];

  constructor(
    private readonly bus: Bus,
    @InjectRepository(ApiKey) private readonly keyRows: Repository<ApiKey>,
    @InjectRepository(User) private readonly userRows: Repository<User>,
    @Inject(GATEWAY_CONFIG) private readonly config: GatewayConfig,
  ) {}

  onModuleInit(): void {
    this.bus.subscribe(AccessSubjects.changed, (message) => {
      const change = readChange(message.string());
      if (change !== null) this.forget(change);
      // News in words that this version does not know: better to ask about everybody than to miss it.
      else this.suspectAll();
    });
    this.bus.onRestored(() => this.suspectAll());
  }

  /** @throws CodedError `service_unavailable` (in the promise) when the key is not known here and Postgres is away. */
  key(secret: string): KnownKey | null | Promise<KnownKey | null> {
    return this.keys.get(hashKey(secret));
  }

  /** As `key`, for the user that an access token names. */
  user(userId: string): KnownUser | null | Promise<KnownUser | null> {
    return this.users.get(userId);
  }

  /** A user or key was changed in the database: forgets it here and tells the other gateways. */
  announce(change: AccessChanged): void {
    this.forget(change);
    this.bus.publishJson(AccessSubjects.changed, change);
  }

  /** `listener` hears of each user and key that was disabled or deleted, through whichever gateway. */
  onEnded(listener: (change: AccessChanged) => void): void {
    this.endListeners.push(listener);
  }

  private suspectAll(): void {
    this.keys.suspectAll();
    this.users.suspectAll();
  }

  private forget(change: AccessChanged): void {
    switch (change.kind) {
      case 'key':
        this.keys.forgetWhere((key) => key.keyId === change.keyId);
        break;
      case 'user':
        this.users.forget(change.userId);
        this.keys.forgetWhere((key) => key.userId === change.userId);
        break;
      default:
        change satisfies never;
    }
    if (change.ended !== undefined) for (const listener of this.endListeners) listener(change);
  }

  private async loadKey(keyHash: string): Promise<KnownKey | null> {
    const key = await this.keyRows.findOne({ where: { keyHash }, relations: { user: true } });
    if (key?.user == null) return null;
    const { user } = key;
    return {
      keyId: key.id,
      userId: user.id,
      access: {
        actor: { userId: user.id, email: user.email, role: user.role, keyId: key.id },
        allowedModels: key.allowedModels,
        requestsPerMinute: key.requestsPerMinute,
        limits: limitSets(user.id, key, this.config),
        codeChunks: chunksOf(key),
        restricted: LIMITS.some((limit) => key[limit] !== null),
      },
      expiresAt: key.expiresAt?.getTime() ?? null,
      ownerDisabled: user.disabled,
    };
  }

  private async loadUser(id: string): Promise<KnownUser | null> {
    const user = await this.userRows.findOneBy({ id });
    if (user === null) return null;
    return {
      userId: user.id,
      access: {
        actor: { userId: user.id, email: user.email, role: user.role, keyId: null },
        allowedModels: null,
        requestsPerMinute: null,
        limits: limitSets(user.id, null, this.config),
        codeChunks: null,
        restricted: false,
      },
      disabled: user.disabled,
      tokenVersion: user.tokenVersion,
    };
  }
}

function chunksOf({ codeChunkChars, codeChunkDelayMs }: ApiKey): Partial<ChunkSettings> | null {
  if (codeChunkChars === null && codeChunkDelayMs === null) return null;
  return {
    ...(codeChunkChars === null ? {} : { minChars: codeChunkChars }),
    ...(codeChunkDelayMs === null ? {} : { maxDelayMs: codeChunkDelayMs }),
  };
}

function readChange(text: string): AccessChanged | null {
  try {
    return changedSchema.parse(JSON.parse(text));
  } catch {
    return null; // the caller knows what to do with news that cannot be read
  }
}

/** SHA-256 in hexadecimal, as `api_keys.key_hash` holds it. */
export function hashKey(secret: string): string {
  return hash('sha256', secret, 'hex');
}

/** "Postgres is away" becomes 503: a caller who may be right must not read 401. */
async function available<T>(asked: Promise<T>): Promise<T> {
  try {
    return await asked;
  } catch (error) {
    if (!isDatabaseAway(error)) throw error;
    throw new CodedError('service_unavailable', 'Your credentials cannot be checked now. Try again in a moment.', {
      cause: error,
    });
  }
}
