import type { UsageBatch, UsageEvent } from '#contracts/usage';

/** Publishes one message to the ledger's stream and resolves when it is on disk there. */
export type PublishBatch = (batch: UsageBatch, messageId: string) => Promise<void>;

interface Entry {
  event: UsageEvent;
  onKept: (() => void) | null;
}

/** Events waiting for NATS, at most; beyond it new requests are refused (a finished one is still written down). */
const MAX_WAITING = 100_000;
const MAX_BATCH_EVENTS = 500;
/** Two messages on their way: the next is written while the server syncs the last. */
const MAX_IN_FLIGHT = 2;
/**
 * Starts that come within this time of the last message are gathered, milliseconds. One alone leaves at once: only a
 * crowd waits, and there an fsync for each of a thousand starts a second would cost more than the requests.
 */
const GATHER_MS = 10;
/** Nobody waits for an end to be written down: it leaves with the next start, or after this time, milliseconds. */
const LAZY_MS = 10;
/** This many starts in one message and the one before it are a crowd. */
const CROWD = 4;
const RETRY_MS = 250;
/** A restart of nats-server takes about a second. */
const STOP_LIMIT_MS = 5_000;

/**
 * Takes the events of requests to the ledger, many in one message, since a message costs the server an fsync. A message
 * is repeated under the same id until it is taken, so that none is lost and none counts twice.
 */
export class UsageJournal {
  private waiting: Entry[] = [];
  private waited = 0;
  private inFlight = 0;
  private immediate: NodeJS.Immediate | null = null;
  private timer: NodeJS.Timeout | null = null;
  private lastStarts = 0;
  private lastSentAt = 0;
  private sequence = 0;
  private idleWaiters: (() => void)[] = [];

  constructor(
    private readonly ownerId: string,
    private readonly publish: PublishBatch,
    private readonly onTrouble: (error: unknown) => void,
  ) {}

  get backlog(): number {
    return this.waiting.length;
  }

  get full(): boolean {
    return this.waiting.length >= MAX_WAITING;
  }

  /** @param onKept called once the event is on disk; with it the event is waited for, without it there is time. */
  add(event: UsageEvent, onKept: (() => void) | null = null): void {
    this.waiting.push({ event, onKept });
    if (onKept !== null) this.waited += 1;
    this.schedule();
  }

  /**
   * Resolves when everything added so far is on disk, or when the ledger has not taken it within `limitMs`: a service that
   * stops while NATS is away must still end.
   */
  async idle(limitMs = STOP_LIMIT_MS): Promise<void> {
    if (this.waiting.length === 0 && this.inFlight === 0) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, limitMs);
      this.idleWaiters.push(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  private schedule(): void {
    if (this.immediate !== null || this.inFlight >= MAX_IN_FLIGHT || this.waiting.length === 0) return;
    const wait = this.waited === 0 ? LAZY_MS : this.crowdWait();
    if (wait === 0) {
      if (this.timer !== null) clearTimeout(this.timer);
      this.timer = null;
      this.immediate = setImmediate(() => this.sendNext());
    } else this.timer ??= setTimeout(() => this.sendNext(), wait);
  }

  /** Milliseconds that a start waits for others; 0 when it is alone. */
  private crowdWait(): number {
    if (this.lastStarts + this.waited < CROWD) return 0;
    return Math.max(0, Math.ceil(this.lastSentAt + GATHER_MS - performance.now()));
  }

  private sendNext(): void {
    this.immediate = null;
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    const entries = this.waiting.splice(0, MAX_BATCH_EVENTS);
    const starts = entries.reduce((sum, entry) => sum + (entry.onKept === null ? 0 : 1), 0);
    this.waited -= starts;
    this.lastStarts = starts;
    this.lastSentAt = performance.now();
    if (entries.length > 0) void this.send(entries);
    this.schedule();
  }

  private async send(entries: Entry[]): Promise<void> {
    this.inFlight += 1;
    this.sequence += 1;
    await this.sendUntilKept({ events: entries.map((entry) => entry.event) }, `${this.ownerId}:${this.sequence}`);
    this.inFlight -= 1;
    for (const entry of entries) entry.onKept?.();
    this.schedule();
    if (this.waiting.length === 0 && this.inFlight === 0) for (const wake of this.idleWaiters.splice(0)) wake();
  }

  private async sendUntilKept(batch: UsageBatch, messageId: string): Promise<void> {
    for (;;) {
      try {
        await this.publish(batch, messageId);
        return;
      } catch (error) {
        this.onTrouble(error);
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    }
  }
}
