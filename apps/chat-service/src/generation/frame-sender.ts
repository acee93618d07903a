import { FrameBatch, FrameSubjects, MAX_BATCH_BYTES, type FrameKind } from '#contracts/frames';

/** How soon a frame must leave: `now` at the end of this turn of the event loop (of this callback, where there are few streams), `soon` within the window, `lazy` with the next one. */
export type Urgency = 'now' | 'soon' | 'lazy';

/** A frame that nothing else takes along leaves after this time. */
const LAZY_MS = 5;
/**
 * From this many streams on, a gateway's frames are gathered for the window. Below it a message a turn is cheap, and
 * every millisecond would be seen by somebody.
 */
const CROWD = 16;
/** So few have nobody to be gathered with. */
const FEW = 2;

interface Outbox {
  batch: FrameBatch;
  subject: string;
  immediate: NodeJS.Immediate | null;
  timer: NodeJS.Timeout | null;
  streams: number;
}

/**
 * Gathers the frames of all streams that go to the same gateway into ONE message: an engine emits a token for every
 * running stream at each of its steps, so at 200 streams this is one message instead of 200.
 */
export class FrameSender {
  private readonly outboxes = new Map<string, Outbox>();
  messages = 0;
  frames = 0;

  constructor(
    private readonly ownerId: string,
    private readonly publish: (subject: string, message: Buffer) => void,
    private readonly windowMs: number,
  ) {}

  /** Says that a stream to this gateway begins; frames are gathered by how many there are. */
  open(gatewayId: string): void {
    this.outbox(gatewayId).streams += 1;
  }

  close(gatewayId: string): void {
    const outbox = this.outboxes.get(gatewayId);
    if (outbox === undefined) return;
    outbox.streams -= 1;
    if (outbox.streams === 0) this.flush(outbox);
  }

  /** The gateway is gone, and its buffers with it. */
  forget(gatewayId: string): void {
    const outbox = this.outboxes.get(gatewayId);
    if (outbox === undefined) return;
    this.flush(outbox);
    this.outboxes.delete(gatewayId);
  }

  /** Copies the bytes of `[start, end)` at once. */
  send(
    gatewayId: string,
    urgency: Urgency,
    kind: FrameKind,
    stream: number,
    sequence: number,
    bytes?: Buffer,
    start = 0,
    end = bytes?.length ?? 0,
  ): void {
    const outbox = this.outbox(gatewayId);
    if (!outbox.batch.empty && outbox.batch.byteLength + end - start > MAX_BATCH_BYTES) this.flush(outbox);
    outbox.batch.push(kind, stream, sequence, bytes, start, end);
    this.frames += 1;
    this.schedule(outbox, urgency);
  }

  flushAll(): void {
    for (const outbox of this.outboxes.values()) this.flush(outbox);
  }

  private schedule(outbox: Outbox, urgency: Urgency): void {
    if (outbox.immediate !== null) return;
    const gather = urgency === 'lazy' || (urgency === 'soon' && this.windowMs > 0 && outbox.streams >= CROWD);
    if (gather) {
      outbox.timer ??= setTimeout(() => this.flush(outbox), urgency === 'lazy' ? LAZY_MS : this.windowMs);
      return;
    }
    if (urgency === 'now' && outbox.streams <= FEW) queueMicrotask(() => this.flush(outbox));
    else outbox.immediate = setImmediate(() => this.flush(outbox));
  }

  private flush(outbox: Outbox): void {
    if (outbox.immediate !== null) clearImmediate(outbox.immediate);
    if (outbox.timer !== null) clearTimeout(outbox.timer);
    outbox.immediate = null;
    outbox.timer = null;
    if (outbox.batch.empty) return;
    this.messages += 1;
    this.publish(outbox.subject, outbox.batch.take());
  }

  private outbox(gatewayId: string): Outbox {
    let outbox = this.outboxes.get(gatewayId);
    if (outbox === undefined) {
      outbox = {
        batch: new FrameBatch(this.ownerId),
        subject: FrameSubjects.of(gatewayId),
        immediate: null,
        timer: null,
        streams: 0,
      };
      this.outboxes.set(gatewayId, outbox);
    }
    return outbox;
  }
}
