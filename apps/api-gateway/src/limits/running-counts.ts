import type { Redis } from 'ioredis';
import { Semaphore } from 'redis-semaphore';

/** A gateway that dies holds its places this much longer; one that lives renews them three times in that time. */
const LEASE_MS = 15_000;
const RENEW_MS = 5_000;

/** Gives a place back. */
export type Release = () => void;

/**
 * Requests that run at once, by tracker: as leases in Redis, which end by themselves when their gateway was killed; else in
 * this process, which takes its counts with it.
 */
export class RunningCounts {
  private readonly own = new Map<string, number>();

  constructor(private readonly redis: Redis | null) {}

  /** Null when `limit` run already. */
  async enter(tracker: string, limit: number): Promise<Release | null> {
    if (this.redis?.status !== 'ready') return this.enterHere(tracker, limit);
    const lease = new Lease(this.redis, `tandem:running:${tracker}`, limit, {
      lockTimeout: LEASE_MS,
      refreshInterval: RENEW_MS,
      acquireAttemptsLimit: 1,
      // More may run than the limit for a while; the answer goes on.
      onLockLost: () => undefined,
    });
    try {
      return (await lease.tryAcquire()) ? () => void lease.release().catch(() => undefined) : null;
    } catch {
      // Redis went away: each gateway counts alone, rather than refusing everybody (as limiter.ts).
      return this.enterHere(tracker, limit);
    }
  }

  private enterHere(tracker: string, limit: number): Release | null {
    const running = this.own.get(tracker) ?? 0;
    if (running >= limit) return null;
    this.own.set(tracker, running + 1);
    return () => {
      const left = (this.own.get(tracker) ?? 1) - 1;
      if (left === 0) this.own.delete(tracker);
      else this.own.set(tracker, left);
    };
  }
}

/** The package renews in a timer without anybody who would catch: Redis away would end the process. */
class Lease extends Semaphore {
  protected override async _refresh(): Promise<boolean> {
    try {
      return await super._refresh();
    } catch {
      return true; // not known; the next renewal will tell
    }
  }
}
