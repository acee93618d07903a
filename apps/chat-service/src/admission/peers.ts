import { randomUUID } from 'node:crypto';
import { Injectable, type OnModuleInit } from '@nestjs/common';
import { PresenceSubjects } from '#contracts/presence';
import { Bus } from '#common/bus';
import { Presence } from '#common/presence';

/** The chat-services that live, by their heartbeats: each may use its share of what an engine takes. */
@Injectable()
export class Peers implements OnModuleInit {
  readonly instanceId = `chat-${randomUUID().slice(0, 8)}`;
  private readonly living = new Presence(
    (_beat, before) => {
      if (before === null) this.changed();
    },
    () => this.changed(),
  );
  private readonly listeners: (() => void)[] = [];

  constructor(private readonly bus: Bus) {}

  onModuleInit(): void {
    this.living.listen(this.bus, PresenceSubjects.chat);
  }

  /** Called when one came or went. */
  onChange(listener: () => void): void {
    this.listeners.push(listener);
  }

  /** Our part of what an engine takes. */
  shareOf(sequences: number): number {
    const others = this.living.ids.filter((id) => id !== this.instanceId);
    return shareOf(sequences, this.instanceId, others);
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
