import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type { KV } from '@nats-io/kv';
import { openBucket } from '#common/bucket';
import type { Bus } from '#common/bus';
import { isSameProcessAlive, processStartTime } from '#common/servers/process-identity';
import type { Logger } from 'nestjs-pino';
import { z } from 'zod';

const BUCKET = 'models-lease';
const KEY = 'leader';
const RENEW_EVERY_MS = 1_000;
/** Four renewals that did not come. Counted on our own clock from the last change that we saw: clocks need not agree. */
const EXPIRES_AFTER_MS = 4_000;

const holderSchema = z.object({ instanceId: z.string(), host: z.string(), pid: z.number(), startTime: z.string() });
type Holder = z.output<typeof holderSchema>;

/**
 * Of several model-managers one leads: who has written the lease. It is taken by comparing revisions, so two never have it;
 * one whose renewals stopped loses it, at once when its process is seen to be gone on this host.
 */
export class Lease {
  private readonly me: Holder = {
    instanceId: randomUUID(),
    host: hostname(),
    pid: process.pid,
    startTime: processStartTime(process.pid) ?? 'unknown',
  };
  private bucket: KV | null = null;
  private revision = 0;
  /** The revision that another one wrote, and when we saw it first, on the monotonic clock. */
  private seen = { revision: -1, at: 0 };
  private timer: NodeJS.Timeout | undefined;
  private leads = false;
  private ended = false;

  constructor(
    private readonly bus: Bus,
    private readonly logger: Pick<Logger, 'log' | 'warn'>,
  ) {}

  /** Another one leads. */
  get isStandby(): boolean {
    return !this.leads && this.seen.revision >= 0;
  }

  /** Resolves when this instance leads; `onLost` is called when another one has taken over from it. */
  async acquire(onLost: () => void): Promise<void> {
    while (!this.ended && !(await this.tryOnce())) await pause(RENEW_EVERY_MS);
    if (this.ended) return new Promise(() => undefined);
    this.leads = true;
    this.timer = setInterval(() => void this.renew(onLost), RENEW_EVERY_MS);
  }

  /** Gives it back, so that the next one need not wait. */
  async end(): Promise<void> {
    this.ended = true;
    clearInterval(this.timer);
    if (!this.leads) return;
    this.leads = false;
    try {
      await this.bucket?.delete(KEY, { previousSeq: this.revision });
    } catch {
      // JetStream is away, or somebody has it already: it expires.
    }
  }

  private async tryOnce(): Promise<boolean> {
    try {
      const bucket = (this.bucket ??= await openBucket(this.bus, BUCKET));
      const entry = await bucket.get(KEY);
      if (entry === null) {
        this.revision = await bucket.create(KEY, JSON.stringify(this.me));
        return true;
      }
      if (entry.operation === 'PUT' && !this.isOver(entry.revision, entry.string())) return false;
      this.revision = await bucket.update(KEY, JSON.stringify(this.me), entry.revision);
      return true;
    } catch (error) {
      // Another one was quicker, or JetStream is away: the next look tells.
      this.logger.warn({ msg: 'the lease could not be taken; trying again', err: error });
      this.bucket = null;
      return false;
    }
  }

  private isOver(revision: number, text: string): boolean {
    const holder = holderOf(text);
    if (holder === null) return true;
    if (holder.host === this.me.host && !isSameProcessAlive(holder)) return true;
    if (revision !== this.seen.revision) {
      if (this.seen.revision < 0) this.logger.log({ msg: 'another model-manager leads; waiting', holder });
      this.seen = { revision, at: performance.now() };
    }
    return performance.now() - this.seen.at > EXPIRES_AFTER_MS;
  }

  /** With JetStream away nobody can take it either: this one goes on. */
  private async renew(onLost: () => void): Promise<void> {
    try {
      const bucket = (this.bucket ??= await openBucket(this.bus, BUCKET));
      const entry = await bucket.get(KEY);
      if (entry?.operation === 'PUT' && holderOf(entry.string())?.instanceId !== this.me.instanceId) {
        if (!this.ended) onLost();
        return;
      }
      const text = JSON.stringify(this.me);
      this.revision = entry === null ? await bucket.create(KEY, text) : await bucket.update(KEY, text, entry.revision);
    } catch {
      this.bucket = null; // the next renewal tells whether it is still ours
    }
  }
}

function holderOf(text: string): Holder | null {
  try {
    return holderSchema.parse(JSON.parse(text));
  } catch {
    return null; // of another version
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
