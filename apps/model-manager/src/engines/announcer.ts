import type { KV } from '@nats-io/kv';
import { openBucket } from '#common/bucket';
import type { Bus } from '#common/bus';
import type { Alert } from '#contracts/alerts';
import { MODELS_BUCKET, MODELS_STATE_KEY, ModelSubjects, type ModelsState } from '#contracts/models';
import type { Logger } from 'nestjs-pino';
import type { Fleet } from './fleet';

const ANNOUNCE_EVERY_MS = 2_000;
const STORE_RETRY_MS = 1_000;

/**
 * Tells everybody what the engines do: on every change and every two seconds by core NATS, and in a JetStream bucket for
 * who starts later. JetStream may be away; then it is tried again until the newest state is stored.
 */
export class Announcer {
  private revision = 0;
  private stored = 0;
  private bucket: KV | null = null;
  private storing = false;
  private timer: NodeJS.Timeout | undefined;
  private retryTimer: NodeJS.Timeout | undefined;
  private closed = false;

  constructor(
    private readonly bus: Bus,
    private readonly fleet: Fleet,
    private readonly alerts: () => Alert[],
    private readonly logger: Pick<Logger, 'warn'>,
  ) {}

  begin(): void {
    this.changed();
    this.timer = setInterval(() => this.publish(), ANNOUNCE_EVERY_MS);
    this.bus.onRestored(() => this.publish());
  }

  /** The picture now. */
  state(): ModelsState {
    const { profile, runningSwitch } = this.fleet;
    const alerts = this.alerts();
    return {
      revision: this.revision,
      profile,
      engines: this.fleet.announcements(),
      switch: runningSwitch,
      ...(alerts.length === 0 ? {} : { alerts }),
    };
  }

  changed(): void {
    this.grow();
    this.publish();
    void this.store();
  }

  /** Whether the bucket holds the newest state. */
  get isStored(): boolean {
    return this.stored === this.revision;
  }

  /** Publishes and stores the last state, without waiting long for a JetStream that is away. */
  async end(): Promise<void> {
    clearInterval(this.timer);
    this.publish();
    await this.store();
    this.closed = true;
    clearTimeout(this.retryTimer);
  }

  /** Wall-clock milliseconds, so that it survives restarts; and it grows even when the clock is set back. */
  private grow(): void {
    this.revision = Math.max(this.revision + 1, Date.now());
  }

  private publish(): void {
    this.bus.publishJson(ModelSubjects.state, this.state());
  }

  private async store(): Promise<void> {
    if (this.storing || this.closed) return;
    this.storing = true;
    try {
      while (!this.isStored) await this.storeOnce();
    } catch (error) {
      this.logger.warn({
        msg: 'the state of the engines could not be stored, so services that start now do not hear of it; trying again. Look at nats-server',
        err: error,
      });
      this.bucket = null;
      this.retryTimer = setTimeout(() => void this.store(), STORE_RETRY_MS);
    } finally {
      this.storing = false;
    }
  }

  private async storeOnce(): Promise<void> {
    const bucket = this.bucket ?? (await this.open());
    const state = this.state();
    await bucket.put(MODELS_STATE_KEY, JSON.stringify(state));
    this.stored = state.revision;
  }

  private async open(): Promise<KV> {
    const bucket = await openBucket(this.bus, MODELS_BUCKET);
    const before = await bucket.get(MODELS_STATE_KEY);
    const last = before === null ? 0 : revisionOf(before.string());
    if (last >= this.revision) {
      // The clock was set back since: ours must still be the newer one.
      this.revision = last;
      this.grow();
      this.publish();
    }
    this.bucket = bucket;
    return bucket;
  }
}

function revisionOf(text: string): number {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && 'revision' in value && typeof value.revision === 'number')
      return value.revision;
  } catch {
    return 0; // of another version: whatever it was, it is replaced
  }
  return 0;
}
