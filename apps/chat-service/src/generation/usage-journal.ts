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
const RETRY_MS = 250;

/**
 * Takes the events of requests to the ledger: those of one turn of the event loop, and all that came while earlier
 * messages were on their way, travel as one message (an fsync each would cost more than the request). A message is
 * repeated under the same id until it is taken, so that none is lost and none counts twice.
 */
export class UsageJournal {
  private waiting: Entry[] = [];
  private inFlight = 0;
  private scheduled: NodeJS.Immediate | null = null;
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

  /** @param onKept called once the event is on disk. */
  add(event: UsageEvent, onKept: (() => void) | null = null): void {
    this.waiting.push({ event, onKept });
    this.schedule();
  }

  /** Resolves when everything added so far is on disk. */
  async idle(): Promise<void> {
    if (this.waiting.length === 0 && this.inFlight === 0) return;
    await new Promise<void>((resolve) => this.idleWaiters.push(resolve));
  }

  private schedule(): void {
    if (this.scheduled !== null || this.inFlight >= MAX_IN_FLIGHT || this.waiting.length === 0) return;
    this.scheduled = setImmediate(() => {
      this.scheduled = null;
      void this.sendNext();
    });
  }

  private async sendNext(): Promise<void> {
    const entries = this.waiting.splice(0, MAX_BATCH_EVENTS);
    if (entries.length === 0) return;
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
