import { Inject, Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { Logger } from 'nestjs-pino';
import { z } from 'zod';
import { CodedError } from '#contracts/errors';
import {
  HINT_MODES,
  HINT_SETTINGS_KEY,
  HINTS_BUCKET,
  type HintMode,
  type HintSettings,
  type PutHintSettings,
} from '#contracts/hints';
import { Bus } from '#common/bus';
import { Readiness } from '#common/readiness';
import { CHAT_CONFIG, type ChatConfig } from '../config';
import {
  HINTS_API_ENGINE,
  HINTS_LOCAL_ENGINE,
  HINTS_TRIAL_ENGINE,
  standInFrom,
  type StandIn,
} from '../engines/fallback';
import { EngineRouter } from '../engines/engine-router';
import { WatchedBucket } from '../settings/watched-bucket';
import { apiAddress } from './api-address';
import { seal, unseal } from './sealed';

/** As the bucket has it: the key is sealed. */
const storedSchema = z.object({
  mode: z.enum(HINT_MODES),
  localWhenAway: z.boolean(),
  model: z.string().nullable(),
  api: z.object({ url: z.string(), model: z.string(), sealedKey: z.string().nullable() }).nullable(),
  updatedAt: z.string().nullable(),
});
type Stored = z.output<typeof storedSchema>;

const UNSET: Stored = { mode: 'vllm', localWhenAway: false, model: null, api: null, updatedAt: null };
/** What one chat-service looks at with rules, and asks another server, at once; the rest waits. */
const MOST_LOCAL = 64;
const MOST_API = 16;
/** What stands for a model where none is asked. */
export const RULES_MODEL = 'rules';

/** Who gives hints: set by admins, kept in JetStream, in force in every chat-service at once. */
@Injectable()
export class HintSettingsStore implements OnModuleInit, OnApplicationShutdown {
  private stored = UNSET;
  private readonly bucket: WatchedBucket;
  private readonly listeners: (() => void)[] = [];
  /** Why another server cannot be asked although one is set. */
  apiProblem: string | null = null;

  constructor(
    @Inject(CHAT_CONFIG) private readonly config: ChatConfig,
    bus: Bus,
    private readonly router: EngineRouter,
    private readonly readiness: Readiness,
    private readonly logger: Logger,
  ) {
    this.bucket = new WatchedBucket(bus, HINTS_BUCKET, (key, text) => this.take(key, text), logger);
    router.setStandIn(
      HINTS_LOCAL_ENGINE,
      // Nobody is connected to: the rules are asked in this process's worker.
      standInFrom(HINTS_LOCAL_ENGINE, {
        url: 'http://rules.invalid',
        model: RULES_MODEL,
        apiKey: null,
        maxConcurrent: MOST_LOCAL,
      }),
    );
  }

  onModuleInit(): void {
    this.bucket.begin();
    this.readiness.add('hints', () => this.bucket.ready);
  }

  onApplicationShutdown(): void {
    this.bucket.end();
  }

  /** Called after each change. */
  onChange(listener: () => void): void {
    this.listeners.push(listener);
  }

  get mode(): HintMode {
    return this.stored.mode;
  }

  get localWhenAway(): boolean {
    return this.stored.localWhenAway;
  }

  /** Of the mode `vllm`; null: the model in force. */
  get model(): string | null {
    return this.stored.model;
  }

  get settings(): HintSettings {
    const { api, ...rest } = this.stored;
    return {
      ...rest,
      api: api === null ? null : { url: api.url, model: api.model, hasKey: api.sealedKey !== null },
      takesKeys: this.config.SETTINGS_ENCRYPTION_KEY !== undefined,
    };
  }

  /** Checks settings and puts them in force everywhere. @throws CodedError `invalid_value` that names the field. */
  async put(given: PutHintSettings): Promise<HintSettings> {
    checkComplete(given);
    const stored: Stored = { ...given, api: this.sealed(given.api), updatedAt: new Date().toISOString() };
    await this.bucket.put(HINT_SETTINGS_KEY, JSON.stringify(stored));
    return this.settings;
  }

  /** Another server as settings name it that are only tried. @throws CodedError `invalid_value` that names the field. */
  triedServer(api: NonNullable<PutHintSettings['api']>): StandIn {
    const { url, lookup } = apiAddress(api.url, this.config.hintApiAllowedHosts);
    const apiKey = api.key === undefined ? this.keyFor(url) : api.key;
    return standInFrom(HINTS_TRIAL_ENGINE, { url, model: api.model, apiKey, maxConcurrent: MOST_API, lookup });
  }

  /**
   * The stored key, where a URL is still of the server that it was given for: whoever may change the URL must not have the key
   * sent elsewhere. @returns null where there is none.
   */
  keyFor(origin: string): string | null {
    const sealedKey = this.sealedKeyFor(origin);
    const secret = this.config.SETTINGS_ENCRYPTION_KEY;
    return sealedKey === null || secret === undefined ? null : unseal(sealedKey, secret, purposeOf(origin));
  }

  private sealed(api: PutHintSettings['api']): Stored['api'] {
    if (api === null) return null;
    const { url } = apiAddress(api.url, this.config.hintApiAllowedHosts);
    const { key, model } = api;
    if (key === undefined) return { url, model, sealedKey: this.sealedKeyFor(url) };
    if (key === null) return { url, model, sealedKey: null };
    const secret = this.config.SETTINGS_ENCRYPTION_KEY;
    if (secret === undefined)
      throw new CodedError(
        'invalid_value',
        "Invalid value for 'api.key': no key can be stored, because SETTINGS_ENCRYPTION_KEY is not set for chat-service.",
        { param: 'api.key' },
      );
    return { url, model, sealedKey: seal(key, secret, purposeOf(url)) };
  }

  private sealedKeyFor(origin: string): string | null {
    const { api } = this.stored;
    return api?.sealedKey != null && api.url === origin ? api.sealedKey : null;
  }

  private take(key: string, text: string | null): void {
    if (key !== HINT_SETTINGS_KEY) return;
    try {
      this.stored = text === null ? UNSET : storedSchema.parse(JSON.parse(text));
    } catch (error) {
      // Of another version: what was in force stays.
      this.logger.error({
        msg: 'the settings of hints cannot be read, so those before stay in force; save them again on the page of hints',
        err: error,
      });
      return;
    }
    this.router.setStandIn(HINTS_API_ENGINE, this.apiStandIn());
    for (const listener of this.listeners) listener();
  }

  private apiStandIn(): ReturnType<typeof standInFrom> | null {
    const { api } = this.stored;
    this.apiProblem = null;
    if (api === null) return null;
    try {
      const { url, lookup } = apiAddress(api.url, this.config.hintApiAllowedHosts);
      const apiKey = this.keyFor(url);
      if (api.sealedKey !== null && apiKey === null)
        throw new Error('Its key cannot be opened with the SETTINGS_ENCRYPTION_KEY of this chat-service.');
      return standInFrom(HINTS_API_ENGINE, { url, model: api.model, apiKey, maxConcurrent: MOST_API, lookup });
    } catch (error) {
      this.apiProblem = error instanceof Error ? error.message : String(error);
      this.logger.error({ msg: 'the server for hints cannot be asked', why: this.apiProblem });
      return null;
    }
  }
}

/** @throws CodedError where the mode wants a server and none is named. */
export function checkComplete({ mode, api }: PutHintSettings): void {
  if (mode === 'api' && api === null)
    throw new CodedError('missing_required_parameter', "Missing required parameter: 'api'.", { param: 'api' });
}

function purposeOf(origin: string): string {
  return `hints.api ${origin}`;
}
