import { PresenceSubjects, type Heartbeat } from '#contracts/presence';
import { Bus } from '#common/bus';
import { Presence } from '#common/presence';
import { Injectable, type OnModuleInit } from '@nestjs/common';

/** What the chat-services say of themselves once a second: whether people use the engines, and what timed out. */
@Injectable()
export class ChatNews implements OnModuleInit {
  private readonly chats = new Presence((beat, before) => this.take(beat, before));
  private readonly beatListeners: (() => void)[] = [];
  private readonly timeoutListeners: ((count: number) => void)[] = [];

  constructor(private readonly bus: Bus) {}

  onModuleInit(): void {
    this.chats.listen(this.bus, PresenceSubjects.chat);
  }

  /** Called with every beat of any chat-service. */
  onBeat(listener: () => void): void {
    this.beatListeners.push(listener);
  }

  /** Called with the number of requests that ran into a timeout since the beat before. */
  onTimeouts(listener: (count: number) => void): void {
    this.timeoutListeners.push(listener);
  }

  /** Requests of people that run or wait; null while no chat-service is heard. */
  people(): number | null {
    if (this.chats.size === 0) return null;
    return this.chats.beats.reduce((sum, { people = 0 }) => sum + people, 0);
  }

  private take({ timeouts = 0 }: Heartbeat, before: Heartbeat | null): void {
    // One that we hear for the first time counted before we listened.
    const grown = before === null ? 0 : timeouts - (before.timeouts ?? 0);
    if (grown > 0) for (const listener of this.timeoutListeners) listener(grown);
    for (const listener of this.beatListeners) listener();
  }
}
