import type { Bus } from '#common/bus';
import { Presence } from '#common/presence';
import { PresenceSubjects } from '#contracts/presence';
import { RunningSubjects, type RunningRequests } from '#contracts/switching';

/** An answer takes a millisecond; a loaded machine was seen to stall for a second. */
const ANSWER_LIMIT_MS = 1_500;

/** The chat-services that live, and what they run. */
export class ChatServices {
  private readonly presence = new Presence();

  constructor(private readonly bus: Bus) {}

  begin(): void {
    this.presence.listen(this.bus, PresenceSubjects.chat);
  }

  /**
   * Whether every chat-service that lives has heard the announcement of this revision, and runs nothing on these engines.
   * It is asked over the connection that the announcement went out on, so who answers has heard it.
   */
  async areDone(engineIds: readonly string[], revision: number): Promise<boolean> {
    // Some may live, and run requests, that we have not heard yet.
    if (!this.presence.complete) return false;
    const living = this.presence.ids;
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
}
