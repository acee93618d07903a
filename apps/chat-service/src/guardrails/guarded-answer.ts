import { FrameKind, MAX_BATCH_BYTES } from '#contracts/frames';
import type { AnswerRewriter, RewrittenKind } from '../generation/answer-rewriter';
import type { Detector, Verdict } from './detection';
import { GuardedText, guardText, type Guarded } from './guarded-text';

/** What is done about what was found in an answer. */
export interface AnswerWatch {
  found(verdicts: readonly Verdict[]): void;
  /** The answer may not go on. */
  block(): void;
}

type Emit = (kind: RewrittenKind, bytes: Buffer) => void;

/** Where an answer has texts, in chunks and in whole answers. */
const TEXTS = ['content', 'text', 'reasoning_content', 'reasoning', 'refusal', 'arguments', 'code', 'hint'] as const;
/** Tell the text again, in other words: left out while answers are looked through. */
const ECHOES = ['logprobs', 'token_ids', 'prompt_token_ids', 'prompt_logprobs'] as const;

type Json = Record<string, unknown>;

/** Looks through the events of a stream, ours or an engine's, and holds back what may still become a match. */
export class GuardedStream implements AnswerRewriter {
  private emit: Emit = () => undefined;
  /** By choice and place. */
  private readonly texts = new Map<string, GuardedText>();
  /** The last chunk of each choice: what is held at the end leaves in one like it. */
  private readonly lasts = new Map<string, { event: Json; choice: Json }>();
  private blocked = false;

  constructor(
    private readonly detectors: readonly Detector[],
    private readonly watch: AnswerWatch,
  ) {}

  open(emit: Emit): void {
    this.emit = emit;
  }

  push(bytes: Buffer, start: number, end: number): void {
    if (this.blocked) return;
    let out = '';
    for (const event of bytes.toString('utf8', start, end).split(/(?<=\r\n\r\n|\n\n|\r\r)/)) out += this.event(event);
    this.tell(out);
  }

  end(): void {
    if (!this.blocked) this.tell(this.rest());
  }

  /** What may be seen leaves before the answer is ended for what may not. */
  private tell(events: string): void {
    if (events !== '') this.emit(FrameKind.data, Buffer.from(events));
    if (this.blocked) this.watch.block();
  }

  private event(event: string): string {
    if (this.blocked) return '';
    const data = dataOf(event);
    if (data === '[DONE]') return this.rest() + event;
    if (data === null || event.startsWith('event:')) return event;
    const parsed = JSON.parse(data) as Json;
    const choices = Array.isArray(parsed['choices']) ? (parsed['choices'] as Json[]) : [];
    if (choices.length === 0) return event;
    /** Events of what was held and has no place in this one. */
    const ahead: string[] = [];
    const kept = choices.filter((choice) => this.choice(parsed, choice, ahead));
    withoutEchoes(parsed);
    return ahead.join('') + (kept.length === 0 ? '' : `data: ${JSON.stringify({ ...parsed, choices: kept })}\n\n`);
  }

  /** @returns whether something is left of it. */
  private choice(event: Json, choice: Json, ahead: string[]): boolean {
    withoutEchoes(choice);
    const index = typeof choice['index'] === 'number' ? choice['index'] : 0;
    const places = textPlaces(choice);
    let passes = places.length === 0;
    for (const { holder, name, path } of places) {
      const key = `${index}/${path}`;
      this.lasts.set(key, { event, choice });
      const before = holder[name] as string;
      holder[name] = this.through(this.textOf(key), (text) => text.push(before));
      // The first chunk of a message has an empty text and its role.
      passes ||= holder[name] !== '' || before === '';
    }
    if (choice['finish_reason'] == null) return passes;
    this.flushInto(choice, index, ahead);
    return true;
  }

  /** The last chunk of a choice takes along what was held of it. */
  private flushInto(choice: Json, index: number, ahead: string[]): void {
    for (const [key, text] of this.texts) {
      if (!key.startsWith(`${index}/`)) continue;
      const rest = this.through(text, (held) => held.end());
      this.texts.delete(key);
      if (rest === '') continue;
      const place = textPlaces(choice).find(({ path }) => key === `${index}/${path}`);
      if (place !== undefined) place.holder[place.name] = (place.holder[place.name] as string) + rest;
      else ahead.push(this.chunkLike(key, rest));
    }
  }

  /** What is held of all choices, where no chunk came that would have ended them. */
  private rest(): string {
    let out = '';
    for (const [key, text] of [...this.texts]) {
      this.texts.delete(key);
      const rest = this.through(text, (held) => held.end());
      if (rest !== '') out += this.chunkLike(key, rest);
    }
    return out;
  }

  private chunkLike(key: string, rest: string): string {
    const last = this.lasts.get(key);
    if (last === undefined) return '';
    const choice = structuredClone(last.choice);
    for (const place of textPlaces(choice)) place.holder[place.name] = '';
    const place = textPlaces(choice).find(({ path }) => key.endsWith(`/${path}`));
    if (place !== undefined) place.holder[place.name] = rest;
    return `data: ${JSON.stringify({ ...last.event, choices: [{ ...choice, finish_reason: null }] })}\n\n`;
  }

  private textOf(key: string): GuardedText {
    let text = this.texts.get(key);
    if (text === undefined) this.texts.set(key, (text = new GuardedText(this.detectors)));
    return text;
  }

  private through(text: GuardedText, step: (text: GuardedText) => Guarded): string {
    if (this.blocked) return '';
    const guarded = step(text);
    if (guarded.verdicts.length > 0) this.watch.found(guarded.verdicts);
    if (guarded.blocked) {
      this.blocked = true;
      return '';
    }
    return guarded.text;
  }
}

/** Looks through an answer that does not stream. */
export class GuardedWhole implements AnswerRewriter {
  private readonly parts: Buffer[] = [];
  private emit: Emit = () => undefined;

  constructor(
    private readonly detectors: readonly Detector[],
    private readonly watch: AnswerWatch,
  ) {}

  open(emit: Emit): void {
    this.emit = emit;
  }

  push(bytes: Buffer, start: number, end: number): void {
    this.parts.push(Buffer.from(bytes.subarray(start, end)));
  }

  end(complete: boolean): void {
    if (!complete || this.parts.length === 0) return;
    const answer = JSON.parse(Buffer.concat(this.parts).toString('utf8')) as Json;
    const choices = Array.isArray(answer['choices']) ? (answer['choices'] as Json[]) : [answer];
    [answer, ...choices].forEach(withoutEchoes);
    const verdicts = new Set<Verdict>();
    let blocked = false;
    for (const { holder, name } of choices.flatMap(textPlaces)) {
      const guarded = guardText(holder[name] as string, this.detectors);
      for (const verdict of guarded.verdicts) verdicts.add(verdict);
      blocked ||= guarded.blocked;
      holder[name] = guarded.text;
    }
    if (verdicts.size > 0) this.watch.found([...verdicts]);
    if (blocked) return this.watch.block();
    const body = Buffer.from(JSON.stringify(answer));
    for (let at = 0; at < body.length; at += MAX_BATCH_BYTES)
      this.emit(FrameKind.body, body.subarray(at, at + MAX_BATCH_BYTES));
  }
}

interface TextPlace {
  holder: Json;
  name: string;
  /** Of the text among all of its choice, the same in each chunk. */
  path: string;
}

/** Texts of a choice: its own (completions), its message's or delta's, and the arguments of its tool calls. */
function textPlaces(choice: Json): TextPlace[] {
  const message = choice['delta'] ?? choice['message'];
  const places = placesOf(choice, 'c');
  if (typeof message !== 'object' || message === null) return places;
  places.push(...placesOf(message as Json, 'm'));
  const calls = (message as Json)['tool_calls'];
  if (!Array.isArray(calls)) return places;
  for (const [at, call] of (calls as Json[]).entries()) {
    const index = typeof call['index'] === 'number' ? call['index'] : at;
    if (typeof call['function'] === 'object' && call['function'] !== null)
      places.push(...placesOf(call['function'] as Json, `t${index}`));
  }
  return places;
}

function placesOf(holder: Json, prefix: string): TextPlace[] {
  return TEXTS.filter((name) => typeof holder[name] === 'string').map((name) => ({
    holder,
    name,
    path: `${prefix}.${name}`,
  }));
}

function withoutEchoes(json: Json): void {
  for (const echo of ECHOES) Reflect.deleteProperty(json, echo);
}

/** Of an event that has one line of data, as all of ours and the engines' have. */
function dataOf(event: string): string | null {
  const line = /^data: ?(.*)$/m.exec(event)?.[1];
  return line === undefined ? null : line.trimEnd();
}
