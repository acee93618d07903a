import type { GenerateRequest } from '#contracts/generate';
import type { RequestEnding, RequestFacts } from '#contracts/usage';

/** How a request ended, as the ledger was told. */
export interface RecentEnd {
  readonly gatewayId: string;
  readonly stream: number;
  readonly facts: RequestFacts;
  readonly ending: RequestEnding;
}

/** Some seconds of a machine at its limit, in a megabyte or two. */
const KEPT = 2_048;

/** The last requests that ended: their gateway may still say that an end never came to it. */
export class RecentEnds {
  private readonly ring: (RecentEnd | undefined)[] = [];
  private next = 0;

  add({ gatewayId, stream }: GenerateRequest, facts: RequestFacts, ending: RequestEnding): void {
    this.ring[this.next] = { gatewayId, stream, facts, ending };
    this.next = (this.next + 1) % KEPT;
  }

  /** The end of this stream, once; null when it is not known (any more). */
  take(gatewayId: string, stream: number): RecentEnd | null {
    const at = this.ring.findIndex((end) => end?.stream === stream && end.gatewayId === gatewayId);
    if (at === -1) return null;
    const end = this.ring[at] ?? null;
    this.ring[at] = undefined;
    return end;
  }
}
