/**
 * Token frames from chat-service to a gateway. One NATS message carries the frames of all streams of one turn of the
 * event loop: `u8 version, u8 length of the owner's id, id`, then frames of `u8 kind, u32 stream, u32 sequence,
 * u32 length, bytes` (big endian). A `data` frame holds whole SSE events only.
 */
export const FrameSubjects = {
  /** The one subject that a gateway listens to. */
  of: (gatewayId: string): string => `gateway.v1.frames.${gatewayId}`,
} as const;

export const FrameKind = {
  /** The request was taken; from now on the owner is known. Empty. */
  accepted: 1,
  /** SSE events as the engine sent them. */
  data: 2,
  /** A part of the body of a non-streaming answer, status 200. */
  body: 3,
  /** JSON `WireError`: the stream ends here, with an error. */
  error: 4,
  /** JSON `AnswerEnd`: the stream ends here, complete. Empty from a chat-service of before it had one. */
  end: 5,
  /** JSON `QueueNews`: the request waits for its turn. Comes before any `data` or `body`. */
  queue: 6,
  /** JSON object of HTTP headers that the answer shall have, where its head has not gone out. Comes before any bytes. */
  headers: 7,
} as const;

export type FrameKind = (typeof FrameKind)[keyof typeof FrameKind];

export interface Frame {
  kind: FrameKind;
  stream: number;
  sequence: number;
  payload: Buffer;
}

const VERSION = 1;
const SMALLEST_BATCH_BYTES = 64 * 1024;
/** One huge event must not hold its memory for ever. */
const LARGEST_KEPT_BYTES = 256 * 1024;
const NOTHING = Buffer.alloc(0);
export const FRAME_HEADER_BYTES = 13;
/**
 * A message is sent when it is about this large: one read of the peer's socket (64 KiB), so that its NATS client need
 * not put it together from parts. A single event that is larger travels alone, far below `max_payload` (8 MiB).
 */
export const MAX_BATCH_BYTES = 60 * 1024;

/**
 * Collects frames into one message. `push` copies the bytes at once: they may stand in a read buffer that the next
 * read overwrites.
 */
export class FrameBatch {
  private readonly prefix: Buffer;
  private buffer: Buffer;
  private used: number;

  constructor(ownerId: string) {
    const id = Buffer.from(ownerId, 'latin1');
    this.prefix = Buffer.concat([Buffer.from([VERSION, id.length]), id]);
    this.buffer = Buffer.allocUnsafe(SMALLEST_BATCH_BYTES);
    this.used = this.begin();
  }

  get byteLength(): number {
    return this.used;
  }

  get empty(): boolean {
    return this.used === this.prefix.length;
  }

  push(
    kind: FrameKind,
    stream: number,
    sequence: number,
    source: Buffer = NOTHING,
    start = 0,
    end = source.length,
  ): void {
    const needed = this.used + FRAME_HEADER_BYTES + end - start;
    if (needed > this.buffer.length) this.grow(needed);
    const { buffer } = this;
    let at = this.used;
    buffer[at] = kind;
    at = buffer.writeUInt32BE(stream, at + 1);
    at = buffer.writeUInt32BE(sequence, at);
    at = buffer.writeUInt32BE(end - start, at);
    source.copy(buffer, at, start, end);
    this.used = needed;
  }

  /**
   * The message; the batch is empty afterwards. It is copied out at its exact size: handing out the work buffer and
   * making a new one for the next message kept the garbage collector busy with memory that was mostly unused.
   */
  take(): Buffer {
    const message = Buffer.allocUnsafe(this.used);
    this.buffer.copy(message, 0, 0, this.used);
    if (this.buffer.length > LARGEST_KEPT_BYTES) this.buffer = Buffer.allocUnsafe(SMALLEST_BATCH_BYTES);
    this.used = this.begin();
    return message;
  }

  private begin(): number {
    return this.prefix.copy(this.buffer);
  }

  private grow(needed: number): void {
    const larger = Buffer.allocUnsafe(Math.max(needed, this.buffer.length * 2));
    this.buffer.copy(larger, 0, 0, this.used);
    this.buffer = larger;
  }
}

/**
 * Reads one message. Payloads are views of `message`, not copies.
 * @throws RangeError when the bytes are no frame message: a peer of another version, or a bug.
 */
export function readFrames(message: Uint8Array, onFrame: (frame: Frame, ownerId: string) => void): void {
  const data = Buffer.from(message.buffer, message.byteOffset, message.byteLength);
  if (data.length < 2 || data[0] !== VERSION) throw new RangeError(`unknown frame version ${String(data[0])}`);
  const idEnd = 2 + data.readUInt8(1);
  if (idEnd > data.length) throw new RangeError('frame message cut short in its head');
  const ownerId = data.toString('latin1', 2, idEnd);
  let at = idEnd;
  while (at < data.length) {
    if (at + FRAME_HEADER_BYTES > data.length) throw new RangeError('frame message cut short in a frame head');
    const end = at + FRAME_HEADER_BYTES + data.readUInt32BE(at + 9);
    if (end > data.length) throw new RangeError('frame message cut short in a payload');
    const frame = {
      kind: data[at] as FrameKind,
      stream: data.readUInt32BE(at + 1),
      sequence: data.readUInt32BE(at + 5),
      payload: data.subarray(at + FRAME_HEADER_BYTES, end),
    };
    onFrame(frame, ownerId);
    at = end;
  }
}
