import { HEARTBEAT_LOST_AFTER_MS, PresenceSubjects, type Heartbeat } from '#contracts/presence';
import { Bus } from '#common/bus';
import { Injectable, type OnModuleInit } from '@nestjs/common';

/** What the chat-services say of themselves once a second: whether people use the engines, and what timed out. */
@Injectable()
export class ChatNews implements OnModuleInit {
  private readonly instances = new Map<string, { people: number; timeouts: number; at: number }>();
  private readonly beatListeners: (() => void)[] = [];
  private readonly timeoutListeners: ((count: number) => void)[] = [];

  constructor(private readonly bus: Bus) {}

  onModuleInit(): void {
    this.bus.subscribe(PresenceSubjects.chat, (message) => this.take(message.json<Heartbeat>()));
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
    this.forgetSilent();
    if (this.instances.size === 0) return null;
    return [...this.instances.values()].reduce((sum, { people }) => sum + people, 0);
  }

  private take({ instanceId, people = 0, timeouts = 0, leaving }: Heartbeat): void {
    const before = this.instances.get(instanceId);
    // One that we hear for the first time counted before we listened.
    const grown = before === undefined ? 0 : timeouts - before.timeouts;
    if (leaving === true) this.instances.delete(instanceId);
    else this.instances.set(instanceId, { people, timeouts, at: performance.now() });
    if (grown > 0) for (const listener of this.timeoutListeners) listener(grown);
    for (const listener of this.beatListeners) listener();
  }

  private forgetSilent(): void {
    const now = performance.now();
    for (const [id, { at }] of this.instances) if (now - at > HEARTBEAT_LOST_AFTER_MS) this.instances.delete(id);
  }
}
