import { Bus } from '#common/bus';
import { HEARTBEAT_LOST_AFTER_MS, PresenceSubjects, type Heartbeat } from '#contracts/presence';
import { Injectable, type OnModuleInit } from '@nestjs/common';

/** Twice what ends a stream: a row that is closed too early is mended when its own end comes, but nobody should wonder. */
export const OWNER_LOST_AFTER_MS = 2 * HEARTBEAT_LOST_AFTER_MS;

/** Which chat-services are gone, by their heartbeats. Time is monotonic, and counts only while we could have heard them. */
@Injectable()
export class OwnerWatch implements OnModuleInit {
  private readonly heard = new Map<string, number>();
  private readonly left = new Set<string>();
  private listeningSince = performance.now();

  constructor(private readonly bus: Bus) {}

  onModuleInit(): void {
    this.bus.subscribe(PresenceSubjects.chat, (message) => this.hear(message.json<Heartbeat>()));
    this.bus.onRestored(() => (this.listeningSince = performance.now()));
  }

  /** @param at monotonic milliseconds. */
  isGone(owner: string, at: number): boolean {
    if (!this.bus.connected) return false;
    if (this.left.has(owner)) return true;
    return at - Math.max(this.heard.get(owner) ?? 0, this.listeningSince) > OWNER_LOST_AFTER_MS;
  }

  /** Nothing is left of this owner. */
  forget(owner: string): void {
    this.heard.delete(owner);
    this.left.delete(owner);
  }

  private hear({ instanceId, leaving }: Heartbeat): void {
    this.heard.set(instanceId, performance.now());
    if (leaving === true) this.left.add(instanceId);
  }
}
