import { parseEngineError, type EngineError } from './engine-errors';
import { parseUsage, type EngineUsage } from './engine-usage';

/**
 * Finds what the relay must know in an engine's SSE bytes: where events end, the usage event, an error event, `[DONE]`.
 * Everything else passes as it came, without being parsed. (https://html.spec.whatwg.org/multipage/server-sent-events.html:
 * lines end with LF, CRLF or CR; an empty line ends an event.)
 */
export interface SseSink {
  /** Whole events to pass on: a view, valid during the call only. */
  onEvents(bytes: Buffer, start: number, end: number): void;
  /** The engine reports a failure inside the stream. Nothing that follows is passed on. */
  onError(error: EngineError): void;
}

export interface SseOptions {
  /** False: the usage event is kept from the client, who did not ask for it. */
  passUsage: boolean;
  /** An event larger than this is an error of the engine, bytes. */
  maxEventBytes: number;
}

const NOTHING = Buffer.alloc(0);
const LF = 10;
const CR = 13;
const COLON = 58;
const OPEN_BRACKET = 91;
const DONE = Buffer.from('[DONE]');
const DATA = Buffer.from('data:');
const ERROR_START = Buffer.from('{"error"');
const BLANK_LINE = Buffer.from('\n\n');
/** Inside a JSON string the quotes would be escaped, so these bytes can only be keys of the event itself. */
const NO_CHOICES = Buffer.from('"choices":[]');
const FINISHED = Buffer.from('"finish_reason":"');
const ABORTED = Buffer.from('"finish_reason":"abort"');
/**
 * What an event holds that is more than a token: no choices, or a reason why it ends. Both begin with a byte that is
 * rare in JSON, which is what the search looks for first; a text that holds them only makes the reading slower.
 */
const SPECIAL = [Buffer.from('[]'), Buffer.from('_reason":"')];
const ROLE = Buffer.from('"role":"assistant"');

export class SseScanner {
  /** Holds, in its first `carried` bytes, an event whose end has not come yet. */
  private carry = NOTHING;
  private carried = 0;
  /** Events that carried (or may have carried) a token; role events and usage are not counted. */
  tokenEvents = 0;
  /** Events that only say whose turn it is: the first sign of an answer. */
  roleEvents = 0;
  usage: EngineUsage | null = null;
  /** `[DONE]` was seen: the stream is complete. */
  done = false;
  /** The engine gave up (`finish_reason: "abort"`): it was shut down while this stream ran. */
  aborted = false;
  finished = false;
  private failed = false;

  constructor(
    private readonly sink: SseSink,
    private readonly options: SseOptions,
  ) {}

  /** @param bytes a view that is valid during the call only. */
  push(bytes: Buffer, start: number, end: number): void {
    if (this.failed) return;
    const known = this.carried;
    if (known === 0) return this.scan(bytes, start, end, start);
    this.append(bytes, start, end);
    // An event's end lies in the new bytes, or at a CR that was the last of the old ones.
    this.scan(this.carry, 0, this.carried, Math.max(0, known - 2));
  }

  /** The engine's side has ended: an event whose last CR might have been half of a CRLF is whole after all. */
  end(): void {
    const rest = this.carry.subarray(0, this.carried);
    this.carried = 0;
    if (!this.failed && isLineEnd(rest.at(-1)) && isLineEnd(rest.at(-2))) this.walk(rest);
  }

  /** @param from no event ends before or at this place. */
  private scan(bytes: Buffer, start: number, end: number, from: number): void {
    const cut = lastEventEnd(bytes, from, end);
    if (cut === from) return this.keep(bytes, start, end);
    const events = bytes.subarray(start, cut);
    this.keep(bytes, cut, end);
    if (!this.failed) this.walk(events);
  }

  private keep(bytes: Buffer, start: number, end: number): void {
    if (end - start > this.options.maxEventBytes) {
      this.fail({ status: 502, message: `an event is larger than ${this.options.maxEventBytes} bytes` });
      return;
    }
    this.carried = end - start;
    if (bytes === this.carry && start === 0 && end > 0) return;
    this.carry = this.carried === 0 ? NOTHING : Buffer.from(bytes.subarray(start, end));
  }

  /** Each byte of a large event is copied about twice, however many reads it comes in. */
  private append(bytes: Buffer, start: number, end: number): void {
    const needed = this.carried + end - start;
    if (needed > this.carry.length) {
      const larger = Buffer.allocUnsafe(needed * 2);
      this.carry.copy(larger, 0, 0, this.carried);
      this.carry = larger;
    }
    bytes.copy(this.carry, this.carried, start, end);
    this.carried = needed;
  }

  /** Goes over whole events and passes on runs of them that need no change. */
  private walk(events: Buffer): void {
    const anyCr = events.includes(CR);
    // Most reads hold nothing but tokens: a few searches over all of their events, and they need not be looked at.
    const special = firstOf(events, SPECIAL);
    let passFrom = 0;
    for (let at = 0; at < events.length && !this.failed;) {
      const next = eventEnd(events, at, anyCr);
      if (!this.inspect(events, at, next, special !== -1 && next > special)) {
        if (passFrom < at) this.sink.onEvents(events, passFrom, at);
        passFrom = next;
      }
      at = anyCr || this.tokenEvents === 0 ? next : this.skipPlain(events, next, special);
    }
    if (passFrom < events.length && !this.failed) this.sink.onEvents(events, passFrom, events.length);
  }

  /** Counts the events from `at` on that are tokens and nothing else. @returns where the first other one begins. */
  private skipPlain(events: Buffer, at: number, special: number): number {
    const limit = special === -1 ? events.length : special;
    for (;;) {
      if (!beginsPlain(events, at)) return at;
      const end = events.indexOf(BLANK_LINE, at);
      if (end === -1 || end + 2 > limit) return at;
      this.tokenEvents += 1;
      at = end + 2;
    }
  }

  /** @returns whether the client shall see this event. */
  private inspect(events: Buffer, start: number, end: number, special: boolean): boolean {
    const payload = payloadStart(events, start, end);
    if (payload === -1) return true; // a comment, or an event without data
    if (events[payload] === OPEN_BRACKET && startsWith(events, payload, DONE)) {
      this.done = true;
      return true;
    }
    if (startsWith(events, payload, ERROR_START)) {
      this.fail(parseEngineError(events.toString('utf8', payload, end), 500));
      return false;
    }
    if (special) return this.inspectSpecial(events.subarray(payload, end));
    this.countEvent(this.tokenEvents === 0 && events.subarray(payload, end).includes(ROLE));
    return true;
  }

  private inspectSpecial(event: Buffer): boolean {
    if (event.includes(NO_CHOICES)) {
      const usage = parseUsage(event.toString('utf8'));
      if (usage !== null) {
        this.usage = usage;
        return this.options.passUsage;
      }
      return true;
    }
    if (event.includes(FINISHED)) {
      this.finished = true;
      if (event.includes(ABORTED)) {
        this.aborted = true;
        this.fail({ status: 503, message: 'the engine stopped before the answer was complete' });
        return false;
      }
    }
    this.countEvent(event.includes(ROLE));
    return true;
  }

  private countEvent(isRole: boolean): void {
    if (isRole) this.roleEvents += 1;
    else this.tokenEvents += 1;
  }

  private fail(error: EngineError): void {
    this.failed = true;
    this.carry = NOTHING;
    this.carried = 0;
    this.sink.onError(error);
  }
}

/** Where the first of these texts stands; -1 when none does. */
function firstOf(bytes: Buffer, texts: readonly Buffer[]): number {
  let first = -1;
  for (const text of texts) {
    const at = bytes.indexOf(text);
    if (at !== -1 && (first === -1 || at < first)) first = at;
  }
  return first;
}

/** `data: {"` and then anything but the e of `error`: neither a comment, nor `[DONE]`, nor an error. */
function beginsPlain(events: Buffer, at: number): boolean {
  return events[at] === 0x64 && events[at + 5] === 0x20 && events[at + 6] === 0x7b && events[at + 8] !== 0x65;
}

/** Where the last whole event in `[start, end)` ends; `start` when there is none. */
export function lastEventEnd(bytes: Buffer, start: number, end: number): number {
  for (let at = end - 1; at > start; at--) {
    const byte = bytes[at];
    if (byte === LF) {
      const before = bytes[at - 1];
      if (before === LF) return at + 1;
      // CRLF CRLF, or LF CRLF
      if (before === CR && at - 2 >= start && isLineEnd(bytes[at - 2])) return at + 1;
    } else if (byte === CR && isLineEnd(bytes[at - 1]) && at + 1 < end) {
      // CR CR (or LF CR) followed by something; at the very end an LF of the same line end may still come.
      return at + 1;
    }
  }
  return start;
}

/** Where the event that begins at `start` ends. `events` holds whole events only. */
function eventEnd(events: Buffer, start: number, anyLineEnd: boolean): number {
  if (!anyLineEnd) {
    const blank = events.indexOf(BLANK_LINE, start);
    return blank === -1 ? events.length : blank + 2;
  }
  for (let at = start; at < events.length; at++) {
    if (!isLineEnd(events[at])) continue;
    const lineEnd = events[at] === CR && events[at + 1] === LF ? at + 1 : at;
    const next = events[lineEnd + 1];
    if (isLineEnd(next)) return next === CR && events[lineEnd + 2] === LF ? lineEnd + 3 : lineEnd + 2;
    at = lineEnd;
  }
  return events.length;
}

/** Where the data of an event begins (after `data:` and one space); -1 when it has none. */
function payloadStart(events: Buffer, start: number, end: number): number {
  for (let line = start; line < end;) {
    if (events[line] !== COLON && startsWith(events, line, DATA)) {
      const at = line + DATA.length;
      return events[at] === 0x20 ? at + 1 : at;
    }
    while (line < end && !isLineEnd(events[line])) line++;
    while (line < end && isLineEnd(events[line])) line++;
  }
  return -1;
}

function startsWith(bytes: Buffer, at: number, text: Buffer): boolean {
  if (at + text.length > bytes.length) return false;
  for (let i = 0; i < text.length; i++) if (bytes[at + i] !== text[i]) return false;
  return true;
}

function isLineEnd(byte: number | undefined): boolean {
  return byte === LF || byte === CR;
}
