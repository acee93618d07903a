import { randomUUID } from 'node:crypto';
import { Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { HEARTBEAT_INTERVAL_MS, HEARTBEAT_LOST_AFTER_MS, PresenceSubjects, type Heartbeat } from '#contracts/presence';
import { Bus } from '#common/bus';

/** The chat-services that live, by their heartbeats: each may use its share of what an engine takes. */
@Injectable()
export class Peers implements OnModuleInit, OnApplicationShutdown {
  readonly instanceId = `chat-${randomUUID().slice(0, 8)}`;
  private readonly lastSeen = new Map<string, number>();
  private readonly listeners: (() => void)[] = [];
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly bus: Bus) {}

  onModuleInit(): void {
    this.bus.subscribe(PresenceSubjects.chat, (message) => this.onBeat(message.json<Heartbeat>()));
    this.timer = setInterval(() => this.forgetSilent(performance.now()), HEARTBEAT_INTERVAL_MS);
  }

  onApplicationShutdown(): void {
    clearInterval(this.timer);
  }

  /** Called when one came or went. */
  onChange(listener: () => void): void {
    this.listeners.push(listener);
  }

  /** Our part of what an engine takes. */
  shareOf(sequences: number): number {
    return shareOf(sequences, this.instanceId, [...this.lastSeen.keys()]);
  }

  private onBeat({ instanceId, leaving }: Heartbeat): void {
    if (instanceId === this.instanceId) return;
    const known = this.lastSeen.has(instanceId);
    if (leaving === true) this.lastSeen.delete(instanceId);
    else this.lastSeen.set(instanceId, performance.now());
    if (known !== this.lastSeen.has(instanceId)) this.changed();
  }

  private forgetSilent(at: number): void {
    const silent = [...this.lastSeen].filter(([, seen]) => at - seen > HEARTBEAT_LOST_AFTER_MS);
    for (const [instanceId] of silent) this.lastSeen.delete(instanceId);
    if (silent.length > 0) this.changed();
  }

  private changed(): void {
    for (const listener of this.listeners) listener();
  }
}

/**
 * Equal parts that add up to the whole; the first by name take what is left over. At least one: who could run nothing
 * would hold its requests for ever, and the engine queues the few that are too many.
 */
export function shareOf(whole: number, me: string, others: readonly string[]): number {
  const count = others.length + 1;
  const rank = others.filter((other) => other < me).length;
  const share = Math.floor(whole / count) + (rank < whole % count ? 1 : 0);
  return Math.max(1, share);
}
