import type { CodedError } from '#contracts/errors';
import type { CancelStream, GenerateRequest } from '#contracts/generate';
import { Drain } from '#common/drain';
import type { Generation } from './generation';
import type { PendingRequest } from './pending-request';
import type { QueuedRequest } from './queued-request';

type Held = Generation | QueuedRequest | PendingRequest;

/** The requests of this instance: those that run or wait, and those whose question is being written down. */
export class HeldRequests {
  private readonly requests = new Map<string, Held>();
  private readonly drain = new Drain(() => this.requests.size);

  get size(): number {
    return this.requests.size;
  }

  /** Those that people wait for. */
  get people(): number {
    let people = 0;
    for (const { head } of this.requests.values()) if (head.priority !== 'background') people += 1;
    return people;
  }

  [Symbol.iterator](): Iterator<Held> {
    return this.requests.values();
  }

  /** What the same request was before gives its place to this. */
  add(request: Held): void {
    this.requests.set(keyOf(request.head), request);
  }

  remove(head: GenerateRequest): void {
    this.requests.delete(keyOf(head));
  }

  /** One was removed, and all that had to be done about it is done. */
  settled(): void {
    this.drain.ended();
  }

  /** Resolves when there are none any more, at the latest after `limitMs` milliseconds. */
  drained(limitMs: number): Promise<void> {
    return this.drain.wait(limitMs);
  }

  /** @returns whether it was there. */
  cancelStream({ gatewayId, stream, reason }: CancelStream): boolean {
    const request = this.requests.get(keyOf({ gatewayId, stream }));
    request?.cancel(reason);
    return request !== undefined;
  }

  /** @param userId whose request it must be; null: anybody's. @returns whether it was ours and was cancelled. */
  cancelRequest(requestId: string, userId: string | null): boolean {
    for (const request of this.requests.values()) {
      if (request.head.requestId !== requestId) continue;
      if (userId !== null && request.head.actor.userId !== userId) return false;
      request.cancel('cancelled');
      return true;
    }
    return false;
  }

  cancelAll(reason: CancelStream['reason'], which: (request: Held) => boolean = () => true): void {
    for (const request of [...this.requests.values()]) if (which(request)) request.cancel(reason);
  }

  failAll(error: () => CodedError): void {
    for (const request of [...this.requests.values()]) request.fail(error());
  }
}

function keyOf({ gatewayId, stream }: Pick<GenerateRequest, 'gatewayId' | 'stream'>): string {
  return `${gatewayId}/${stream}`;
}
