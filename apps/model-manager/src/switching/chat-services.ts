import type { Bus } from '#common/bus';
import { HEARTBEAT_LOST_AFTER_MS, PresenceSubjects, type Heartbeat } from '#contracts/presence';
import { RunningSubjects, type RunningRequests } from '#contracts/switching';

/** An answer takes a millisecond; a loaded machine was seen to stall for a second. */
const ANSWER_LIMIT_MS = 1_500;

/** The chat-services that live, and what they run. */
export class ChatServices {
  /** When each was heard last, on the monotonic clock. */
  private readonly seen = new Map<string, number>();
  /** Before this some may live that have not been heard yet. */
  private knownFrom = Number.POSITIVE_INFINITY;

  constructor(private readonly bus: Bus) {}

  begin(): void {
    this.knownFrom = performance.now() + HEARTBEAT_LOST_AFTER_MS;
    this.bus.subscribe(PresenceSubjects.chat, (message) => {
      const { instanceId, leaving } = message.json<Heartbeat>();
      if (leaving === true) this.seen.delete(instanceId);
      else this.seen.set(instanceId, performance.now());
    });
  }

  /**
   * Whether every chat-service that lives has heard the announcement of this revision, and runs nothing on these engines.
   * It is asked over the connection that the announcement went out on, so who answers has heard it.
   */
  async areDone(engineIds: readonly string[], revision: number): Promise<boolean> {
    if (performance.now() < this.knownFrom) return false;
    const living = this.living();
    if (living.length === 0) return true;
    const answers = await this.bus.connection.requestMany(RunningSubjects.ask, '{}', {
      strategy: 'count',
      maxMessages: living.length,
      maxWait: ANSWER_LIMIT_MS,
    });
    const done = new Set<string>();
    for await (const message of answers) {
      const { instanceId, revision: heard, running } = message.json<RunningRequests>();
      if (heard >= revision && engineIds.every((id) => (running[id] ?? 0) === 0)) done.add(instanceId);
    }
    return living.every((instanceId) => done.has(instanceId));
  }

  private living(): string[] {
    const now = performance.now();
    for (const [id, at] of this.seen) if (now - at > HEARTBEAT_LOST_AFTER_MS) this.seen.delete(id);
    return [...this.seen.keys()];
  }
}
