/**
 * The log of a container without a terminal, as the Engine API streams it: frames of `stream u8, 0, 0, 0, length u32 BE`
 * and as many bytes (API reference, "Attach to a container", stream format). A line may lie in several frames, and each
 * of the two streams has its own unfinished line.
 */
import { StringDecoder } from 'node:string_decoder';
import { LineSplitter } from '../line-splitter';

const HEADER_BYTES = 8;
const LENGTH_AT = 4;
const STDERR = 2;

interface LogStream {
  decoder: StringDecoder;
  lines: LineSplitter;
}

export class LogFrames {
  private readonly stdout: LogStream;
  private readonly stderr: LogStream;
  private pending = Buffer.alloc(0);

  constructor(onLine: (line: string) => void) {
    const stream = (): LogStream => ({ decoder: new StringDecoder('utf8'), lines: new LineSplitter(onLine) });
    this.stdout = stream();
    this.stderr = stream();
  }

  push(bytes: Buffer): void {
    let rest = this.pending.length === 0 ? bytes : Buffer.concat([this.pending, bytes]);
    while (rest.length >= HEADER_BYTES) {
      const end = HEADER_BYTES + rest.readUInt32BE(LENGTH_AT);
      if (rest.length < end) break;
      const stream = rest[0] === STDERR ? this.stderr : this.stdout;
      stream.lines.take(stream.decoder.write(rest.subarray(HEADER_BYTES, end)));
      rest = rest.subarray(end);
    }
    this.pending = Buffer.from(rest);
  }

  /** The log is over: an unfinished line is a line too. */
  end(): void {
    for (const { lines } of [this.stdout, this.stderr]) lines.flush();
  }
}
