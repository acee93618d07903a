import { HEARTBEAT_INTERVAL_MS, HEARTBEAT_LOST_AFTER_MS, type Heartbeat } from '#contracts/presence';
import type { Bus } from './bus';

/** Two beats: who looks so late stood still itself, and what came meanwhile is not read yet. */
const STOOD_STILL_MS = 2 * HEARTBEAT_INTERVAL_MS;

interface Instance {
  /** Monotonic milliseconds. */
  heardAt: number;
  beat: Heartbeat | null;
}

/**
 * The instances of a service that live, by their heartbeats. Time in which we could not hear them, because NATS was away
 * or this process stood still, is nobody's silence.
 */
export class Presence {
  private readonly instances = new Map<string, Instance>();
  private listeningSince = performance.now();
  private lookedAt = this.listeningSince;

  /**
   * @param onBeat with the beat before it, where there was one.
   * @param onGone of one that said farewell (`left`) or fell silent; it is forgotten already.
   */
  constructor(
    private readonly onBeat: (beat: Heartbeat, before: Heartbeat | null) => void = () => undefined,
    private readonly onGone: (instanceId: string, left: boolean) => void = () => undefined,
  ) {}

  /** @param subject one of `PresenceSubjects`. */
  listen(bus: Bus, subject: string): void {
    bus.subscribe(subject, (message) => this.take(message.json<Heartbeat>()));
    bus.onRestored(() => (this.listeningSince = performance.now()));
    setInterval(() => {
      if (bus.connected) this.look(performance.now());
    }, HEARTBEAT_INTERVAL_MS).unref();
  }

  get ids(): string[] {
    return [...this.instances.keys()];
  }

  get size(): number {
    return this.instances.size;
  }

  /** The last beat of each. */
  get beats(): Heartbeat[] {
    return [...this.instances.values()].flatMap(({ beat }) => beat ?? []);
  }

  /** Whether we have listened for so long that all who live have been heard. */
  get complete(): boolean {
    return performance.now() - this.listeningSince > HEARTBEAT_LOST_AFTER_MS;
  }

  /** Something other than a beat came from this one. */
  heard(instanceId: string): void {
    const known = this.instances.get(instanceId);
    if (known === undefined) this.instances.set(instanceId, { heardAt: performance.now(), beat: null });
    else known.heardAt = performance.now();
  }

  take(beat: Heartbeat): void {
    const { instanceId } = beat;
    const before = this.instances.get(instanceId)?.beat ?? null;
    if (beat.leaving === true) this.instances.delete(instanceId);
    else this.instances.set(instanceId, { heardAt: performance.now(), beat });
    this.onBeat(beat, before);
    if (beat.leaving === true) this.onGone(instanceId, true);
  }

  /**
   * Who has been silent for too long is gone. To be called every `HEARTBEAT_INTERVAL_MS`.
   * @param at monotonic milliseconds.
   */
  look(at: number): void {
    if (at - this.lookedAt > STOOD_STILL_MS) this.listeningSince = at;
    this.lookedAt = at;
    for (const [instanceId, { heardAt }] of this.instances) {
      if (at - Math.max(heardAt, this.listeningSince) <= HEARTBEAT_LOST_AFTER_MS) continue;
      this.instances.delete(instanceId);
      this.onGone(instanceId, false);
    }
  }
}
