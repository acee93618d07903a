/**
 * Reads HTTP/1.1 responses from the bytes of a socket, without copying bodies. Written by hand because it stands on
 * the token path: see docs/decisions/002-engine-http-reader.md for what it saves over undici and node:http. It is held
 * against node:http on recorded responses and on fuzzed chunk borders in `response-reader.spec.ts`.
 * Follows RFC 9112; what RFC 9112 calls ambiguous (both lengths, differing lengths, bare LF) is refused.
 */
export interface ResponseSink {
  onHead(head: ResponseHead): void;
  /** A part of the body, as a view that is valid during the call only. */
  onBody(bytes: Buffer, start: number, end: number): void;
  /** @param reusable whether the connection may carry another request. */
  onComplete(reusable: boolean): void;
}

export interface ResponseHead {
  status: number;
  /** Lower-case names; the values of repeated headers are joined by a comma. */
  headers: ReadonlyMap<string, string>;
}

export class ProtocolError extends Error {
  override readonly name = 'ProtocolError';
}

/** Node's own bound for the head of a message is 16 KiB; engines behind proxies may add more. */
const MAX_HEAD_BYTES = 64 * 1024;
/** A chunk-size line with its extensions, or a trailer line. */
const MAX_LINE_BYTES = 4 * 1024;
const CR = 13;
const LF = 10;
const HEAD_END = Buffer.from('\r\n\r\n');
/** Seven hex digits: 256 MiB a chunk. No engine sends more, and it keeps the arithmetic in small integers. */
const MAX_CHUNK_DIGITS = 7;

type State = 'head' | 'length' | 'chunk-size' | 'chunk-data' | 'chunk-end' | 'trailers' | 'until-close' | 'done';

export class ResponseReader {
  private state: State = 'head';
  private headBytes: Buffer | null = null;
  private remaining = 0;
  private keepAlive = true;
  private chunkSize = 0;
  private chunkDigits = 0;
  private inExtension = false;
  private sawCr = false;
  private lineLength = 0;

  /** @param bodiless true for an answer to HEAD. */
  constructor(
    private readonly sink: ResponseSink,
    private readonly bodiless = false,
  ) {}

  get complete(): boolean {
    return this.state === 'done';
  }

  /** @throws ProtocolError when the bytes are no HTTP/1.x response; the connection is then of no use. */
  push(bytes: Buffer, from: number, to: number): void {
    let at = from;
    while (at < to) {
      switch (this.state) {
        case 'head':
          at = this.readHead(bytes, at, to);
          break;
        case 'length':
        case 'chunk-data':
          at = this.readCounted(bytes, at, to);
          break;
        case 'chunk-size':
          at = this.readChunkSize(bytes, at, to);
          break;
        case 'chunk-end':
          at = this.readChunkEnd(bytes, at);
          break;
        case 'trailers':
          at = this.readTrailers(bytes, at, to);
          break;
        case 'until-close':
          this.sink.onBody(bytes, at, to);
          at = to;
          break;
        case 'done':
          throw new ProtocolError('the server sent bytes after the end of its response');
      }
    }
  }

  /** The peer closed its side. @throws ProtocolError when the response was not complete. */
  end(): void {
    if (this.state === 'done') return;
    if (this.state !== 'until-close') {
      throw new ProtocolError(
        this.state === 'head' ? 'the server closed the connection before its response' : 'the response was cut short',
      );
    }
    this.finish(false);
  }

  private readHead(bytes: Buffer, from: number, to: number): number {
    const view = bytes.subarray(from, to);
    const before = this.headBytes?.length ?? 0;
    const head = this.headBytes === null ? view : Buffer.concat([this.headBytes, view]);
    const end = head.indexOf(HEAD_END, Math.max(0, before - 3));
    if (end > MAX_HEAD_BYTES || (end === -1 && head.length > MAX_HEAD_BYTES))
      throw new ProtocolError('the response head is too large');
    if (end === -1) {
      // `head` may be a view of a buffer that the next read overwrites.
      this.headBytes = this.headBytes === null ? Buffer.from(view) : head;
      return to;
    }
    this.headBytes = null;
    this.begin(parseHead(head.toString('latin1', 0, end)));
    return from + end + HEAD_END.length - before;
  }

  private begin({ minor, status, headers }: ParsedHead): void {
    if (status === 101) throw new ProtocolError('the server changed the protocol unasked');
    if (status < 200) return; // an interim response; the real one follows
    this.keepAlive = isKeptAlive(minor, headers.get('connection'));
    const encoding = headers.get('transfer-encoding');
    const length = headers.get('content-length');
    if (encoding !== undefined && length !== undefined) throw new ProtocolError('the response has two lengths');
    this.sink.onHead({ status, headers });
    if (this.bodiless || status === 204 || status === 304) return this.finish(this.keepAlive);
    if (encoding !== undefined) {
      if (encoding.toLowerCase() !== 'chunked')
        throw new ProtocolError(`unknown transfer encoding ${JSON.stringify(encoding)}`);
      return this.beginChunk();
    }
    if (length === undefined) {
      this.state = 'until-close';
      return;
    }
    this.remaining = parseLength(length);
    if (this.remaining === 0) this.finish(this.keepAlive);
    else this.state = 'length';
  }

  private readCounted(bytes: Buffer, at: number, to: number): number {
    const end = Math.min(to, at + this.remaining);
    this.remaining -= end - at;
    const chunked = this.state === 'chunk-data';
    this.sink.onBody(bytes, at, end);
    if (this.remaining === 0) {
      if (chunked) this.state = 'chunk-end';
      else this.finish(this.keepAlive);
    }
    return end;
  }

  private beginChunk(): void {
    this.state = 'chunk-size';
    this.chunkSize = 0;
    this.chunkDigits = 0;
    this.inExtension = false;
    this.sawCr = false;
    this.lineLength = 0;
  }

  private readChunkSize(bytes: Buffer, from: number, to: number): number {
    for (let at = from; at < to; at++) {
      const byte = bytes[at] as number;
      if (this.sawCr) {
        if (byte !== LF || this.chunkDigits === 0) throw new ProtocolError('a chunk size line is malformed');
        this.sawCr = false;
        this.lineLength = 0;
        this.remaining = this.chunkSize;
        this.state = this.chunkSize === 0 ? 'trailers' : 'chunk-data';
        return at + 1;
      }
      if (byte === CR) this.sawCr = true;
      else if (++this.lineLength > MAX_LINE_BYTES || byte === LF)
        throw new ProtocolError('a chunk size line is malformed');
      else if (!this.inExtension) this.addSizeByte(byte);
    }
    return to;
  }

  private addSizeByte(byte: number): void {
    const digit = hexValue(byte);
    if (digit !== -1) {
      if (++this.chunkDigits > MAX_CHUNK_DIGITS) throw new ProtocolError('a chunk is too large');
      this.chunkSize = this.chunkSize * 16 + digit;
    } else if (this.chunkDigits > 0 && (byte === 0x3b || byte === 0x20 || byte === 0x09)) {
      this.inExtension = true; // `;` or white space before it: extensions are ignored (RFC 9112, 7.1.1)
    } else {
      throw new ProtocolError('a chunk size is not a number');
    }
  }

  private readChunkEnd(bytes: Buffer, at: number): number {
    const expected = this.sawCr ? LF : CR;
    if (bytes[at] !== expected) throw new ProtocolError('a chunk does not end where it said');
    if (this.sawCr) this.beginChunk();
    else this.sawCr = true;
    return at + 1;
  }

  /** Trailers are read over: nothing of ours uses one. An empty line ends them. */
  private readTrailers(bytes: Buffer, from: number, to: number): number {
    for (let at = from; at < to; at++) {
      const byte = bytes[at] as number;
      if (this.sawCr) {
        if (byte !== LF) throw new ProtocolError('a trailer line is malformed');
        this.sawCr = false;
        if (this.lineLength === 0) {
          this.finish(this.keepAlive);
          return at + 1;
        }
        this.lineLength = 0;
      } else if (byte === CR) this.sawCr = true;
      else if (++this.lineLength > MAX_LINE_BYTES || byte === LF)
        throw new ProtocolError('a trailer line is malformed');
    }
    return to;
  }

  private finish(reusable: boolean): void {
    this.state = 'done';
    this.sink.onComplete(reusable);
  }
}

interface ParsedHead extends ResponseHead {
  minor: number;
}

function parseHead(text: string): ParsedHead {
  const lines = text.split('\r\n');
  const start = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: [^\r\n]*)?$/.exec(lines[0] ?? '');
  if (start === null) throw new ProtocolError('the answer is not HTTP/1.1');
  const headers = new Map<string, string>();
  for (const line of lines.slice(1)) {
    const match = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\0\r\n]*?)[ \t]*$/.exec(line);
    if (match === null) throw new ProtocolError('a response header is malformed');
    const name = (match[1] ?? '').toLowerCase();
    const value = match[2] ?? '';
    const earlier = headers.get(name);
    if (earlier !== undefined && name === 'content-length' && earlier !== value)
      throw new ProtocolError('the response has two lengths');
    headers.set(name, earlier === undefined || name === 'content-length' ? value : `${earlier}, ${value}`);
  }
  return { minor: Number(start[1]), status: Number(start[2]), headers };
}

function isKeptAlive(minor: number, connection: string | undefined): boolean {
  const options = connection?.toLowerCase().split(/[ \t]*,[ \t]*/) ?? [];
  return minor === 1 ? !options.includes('close') : options.includes('keep-alive');
}

function parseLength(value: string): number {
  if (!/^\d{1,15}$/.test(value)) throw new ProtocolError('the content length is not a number');
  return Number(value);
}

function hexValue(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}
