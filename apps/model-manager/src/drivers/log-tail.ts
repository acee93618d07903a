import { closeSync, copyFileSync, fstatSync, ftruncateSync, openSync, readSync, rmSync } from 'node:fs';
import { StringDecoder } from 'node:string_decoder';
import { LineSplitter } from './line-splitter';

const LOOK_EVERY_MS = 100;
const CHUNK_BYTES = 64 * 1024;
/** An engine writes a line a request; past this the log is kept once as `.1` and begun anew. */
const MAX_LOG_BYTES = 64 * 1024 * 1024;

/** Follows a growing file line by line. Progress bars end their lines with a carriage return. */
export class LogTail {
  private readonly file: number;
  private readonly timer: NodeJS.Timeout;
  private readonly chunk = Buffer.allocUnsafe(CHUNK_BYTES);
  private decoder = new StringDecoder('utf8');
  private lines: LineSplitter;
  private offset: number;

  constructor(
    private readonly path: string,
    private readonly onLine: (line: string) => void,
    from: 'start' | 'end',
  ) {
    this.lines = new LineSplitter(onLine);
    this.file = openSync(path, 'r+');
    this.offset = from === 'end' ? fstatSync(this.file).size : 0;
    this.timer = setInterval(() => this.read(), LOOK_EVERY_MS);
    this.timer.unref();
  }

  /** Reads what has been written up to now: after an exit the last words matter most. */
  read(): void {
    if (fstatSync(this.file).size < this.offset) this.restart();
    for (;;) {
      const bytes = readSync(this.file, this.chunk, 0, CHUNK_BYTES, this.offset);
      if (bytes === 0) break;
      this.offset += bytes;
      this.lines.take(this.decoder.write(this.chunk.subarray(0, bytes)));
    }
    if (this.offset > MAX_LOG_BYTES) this.beginAnew();
  }

  close(): void {
    clearInterval(this.timer);
    closeSync(this.file);
  }

  /** The engine appends (O_APPEND), so that it goes on at the start of the emptied file. */
  private beginAnew(): void {
    try {
      copyFileSync(this.path, `${this.path}.1`);
    } catch {
      // No room for the copy: then all the more reason to make some.
      rmSync(`${this.path}.1`, { force: true });
    }
    ftruncateSync(this.file, 0);
    this.restart();
  }

  private restart(): void {
    this.offset = 0;
    this.lines = new LineSplitter(this.onLine);
    this.decoder = new StringDecoder('utf8');
  }
}
