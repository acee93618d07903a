import { HEARTBEAT_LOST_AFTER_MS } from '#contracts/presence';

/** Knows which gateways live: from their heartbeats, and from their requests. */
export class GatewayWatch {
  private readonly lastSeen = new Map<string, number>();

  seen(gatewayId: string, at: number): void {
    this.lastSeen.set(gatewayId, at);
  }

  left(gatewayId: string): void {
    this.lastSeen.delete(gatewayId);
  }

  /** The gateways that fell silent; they are forgotten. */
  lost(at: number): string[] {
    const lost = [...this.lastSeen].filter(([, seen]) => at - seen > HEARTBEAT_LOST_AFTER_MS).map(([id]) => id);
    for (const id of lost) this.lastSeen.delete(id);
    return lost;
  }
}
