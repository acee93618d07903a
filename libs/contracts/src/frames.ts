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
  /** The stream ends here, complete. Empty. */
  end: 5,
} as const;

export type FrameKind = (typeof FrameKind)[keyof typeof FrameKind];

export interface Frame {
  kind: FrameKind;
  stream: number;
  sequence: number;
  payload: Buffer;
}

const VERSION = 1;
export const FRAME_HEADER_BYTES = 13;
/** Stays below every deployment's `max_payload` (8 MiB) with room for a frame that is larger than the rest. */
export const MAX_BATCH_BYTES = 1024 * 1024;

/**
 * Collects frames into one message. Payloads are not copied until `take`, which makes the message in one allocation.
 * The caller must not change a payload's bytes before that.
 */
export class FrameBatch {
  private readonly prefix: Buffer;
  private readonly frames: {
    kind: FrameKind;
    stream: number;
    sequence: number;
    parts: Uint8Array[];
    length: number;
  }[] = [];
  private bytes: number;

  constructor(ownerId: string) {
    const id = Buffer.from(ownerId, 'latin1');
    this.prefix = Buffer.concat([Buffer.from([VERSION, id.length]), id]);
    this.bytes = this.prefix.length;
  }

  get byteLength(): number {
    return this.bytes;
  }

  get empty(): boolean {
    return this.frames.length === 0;
  }

  push(kind: FrameKind, stream: number, sequence: number, parts: Uint8Array[]): void {
    let length = 0;
    for (const part of parts) length += part.length;
    this.frames.push({ kind, stream, sequence, parts, length });
    this.bytes += FRAME_HEADER_BYTES + length;
  }

  /** The message; the batch is empty afterwards. */
  take(): Buffer {
    const out = Buffer.allocUnsafe(this.bytes);
    this.prefix.copy(out);
    let at = this.prefix.length;
    for (const frame of this.frames) {
      out[at] = frame.kind;
      out.writeUInt32BE(frame.stream, at + 1);
      out.writeUInt32BE(frame.sequence, at + 5);
      out.writeUInt32BE(frame.length, at + 9);
      at += FRAME_HEADER_BYTES;
      for (const part of frame.parts) {
        out.set(part, at);
        at += part.length;
      }
    }
    this.frames.length = 0;
    this.bytes = this.prefix.length;
    return out;
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
