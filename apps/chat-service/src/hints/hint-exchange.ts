import type { HintCheck } from '#contracts/hints';
import { readAnswer, readChunks } from '../code/engine-events';
import type { ResponseHandler } from '../engines/http/engine-connection';
import type { EngineCall } from '../engines/http/engine-pool';
import { parseEngineError, type EngineError } from '../generation/engine-errors';
import { findUsage, type EngineUsage } from '../generation/engine-usage';
import type { AskEngine } from '../generation/prepared-turn';
import { SseScanner } from '../generation/sse-scanner';

/** No hint is so long, whatever a model thinks before it. */
const MOST_BYTES = 1024 * 1024;
const DONE = /(?:^|[\r\n])data: ?\[DONE\]/;
const HEADERS: ReadonlyMap<string, string> = new Map();

/** What a hint is asked for with, and what becomes of the answer. */
export interface HintAsk {
  first: Buffer;
  again: Buffer;
  streaming: boolean;
  /** The hint in an answer. */
  read(answer: string): string;
  refuses(hint: string): boolean;
  /** Stands in the place of an answer that gave too much away twice. */
  safe: string;
}

export interface ToldHint {
  text: string;
  check: HintCheck;
  usage: EngineUsage | null;
}

/**
 * Asks an engine for a hint, looks at the whole answer, and asks once more where it gave too much away. Its handler hears one
 * answer, whose tokens count as they come and whose text nobody is told before it is looked through: a stream that had begun to
 * tell a solution could not take it back.
 */
export class HintExchange {
  /** Once the answer is over. */
  told: ToldHint | null = null;
  private call: EngineCall = { abort: () => undefined };
  private usage: EngineUsage | null = null;
  private over = false;

  constructor(
    private readonly ask: HintAsk,
    private readonly onTold: (told: ToldHint) => void,
  ) {}

  /** As an engine's pool sends a request. */
  send(engine: AskEngine, handler: ResponseHandler): EngineCall {
    this.try('first', engine, handler);
    return {
      abort: () => {
        this.over = true;
        this.call.abort();
      },
    };
  }

  private try(which: 'first' | 'again', engine: AskEngine, handler: ResponseHandler): void {
    const onAnswer = (answer: string, usage: EngineUsage | null): void => {
      this.usage = sum(this.usage, usage);
      const hint = this.ask.read(answer);
      if (!this.ask.refuses(hint)) this.end(handler, hint, which === 'first' ? 'passed' : 'asked_again');
      else if (which === 'first') this.try('again', engine, handler);
      else this.end(handler, this.ask.safe, 'replaced');
    };
    // The second time there is something to tell whatever happens.
    const onLost = which === 'first' ? null : () => this.end(handler, this.ask.safe, 'replaced');
    const reader = this.ask.streaming
      ? new StreamReader(handler, onAnswer, onLost)
      : new WholeReader(handler, onAnswer, onLost);
    const abandoned = (): boolean => this.over;
    this.call = engine(this.ask[which], {
      onHead: (head) => abandoned() || reader.onHead(head),
      onBody: (bytes, start, end) => abandoned() || reader.onBody(bytes, start, end),
      onComplete: () => abandoned() || reader.onComplete(),
      onFailure: (error) => {
        if (abandoned()) return;
        if (onLost === null) handler.onFailure(error);
        else onLost();
      },
    });
  }

  private end(handler: ResponseHandler, text: string, check: HintCheck): void {
    this.over = true;
    this.told = { text, check, usage: this.usage };
    this.onTold(this.told);
    const usage = this.usage === null ? {} : { usage: wireUsage(this.usage) };
    if (this.ask.streaming) {
      const counted = this.usage === null ? '' : `data: ${JSON.stringify({ choices: [], ...usage })}\n\n`;
      pass(handler, `${counted}data: [DONE]\n\n`);
    } else {
      handler.onHead({ status: 200, headers: HEADERS });
      pass(handler, JSON.stringify({ choices: [{ message: { content: text } }], ...usage }));
    }
    handler.onComplete();
  }
}

type OnAnswer = (answer: string, usage: EngineUsage | null) => void;

/** Passes the events of a stream on, for their tokens to be counted, up to its end. */
class StreamReader {
  private readonly scanner: SseScanner;
  private text = '';
  private over = false;
  /** An error's body: not an event of a stream. */
  private raw = false;

  constructor(
    private readonly handler: ResponseHandler,
    private readonly onAnswer: OnAnswer,
    private readonly onLost: (() => void) | null,
  ) {
    this.scanner = new SseScanner(
      {
        onEvents: (bytes, start, end) => this.events(bytes.toString('utf8', start, end)),
        onError: (e) => this.lose(e),
      },
      { passUsage: false, maxEventBytes: MOST_BYTES },
    );
  }

  onHead(head: Parameters<ResponseHandler['onHead']>[0]): void {
    if (head.status !== 200 && this.onLost !== null) return this.lost(this.onLost);
    this.raw = head.status !== 200;
    // The handler has heard of the first answer, and hears of one only.
    if (this.onLost === null) this.handler.onHead(head);
  }

  onBody(bytes: Buffer, start: number, end: number): void {
    if (this.over) return;
    if (this.raw) return this.handler.onBody(bytes, start, end);
    this.scanner.push(bytes, start, end);
    this.endWhenDone();
  }

  onComplete(): void {
    if (this.over) return;
    if (!this.raw) this.scanner.end();
    if (this.endWhenDone()) return;
    if (this.onLost === null) this.handler.onComplete();
    else this.lost(this.onLost);
  }

  private events(events: string): void {
    const end = DONE.exec(events);
    const answer = end === null ? events : events.slice(0, end.index);
    for (const { text } of readChunks(answer)) this.text += text;
    if (answer !== '' && this.text.length <= MOST_BYTES) pass(this.handler, `${answer.replace(/[\r\n]+$/, '')}\n\n`);
  }

  private endWhenDone(): boolean {
    if (this.over || !this.scanner.done) return this.over;
    this.over = true;
    this.onAnswer(this.text, this.scanner.usage);
    return true;
  }

  private lose({ status, message }: EngineError): void {
    if (this.over) return;
    if (this.onLost !== null) return this.lost(this.onLost);
    this.over = true;
    pass(this.handler, `data: ${JSON.stringify({ error: { message, code: status } })}\n\n`);
  }

  private lost(onLost: () => void): void {
    this.over = true;
    onLost();
  }
}

/** Gathers one JSON body. */
class WholeReader {
  private readonly parts: Buffer[] = [];
  private bytes = 0;
  private status = 200;

  constructor(
    private readonly handler: ResponseHandler,
    private readonly onAnswer: OnAnswer,
    private readonly onLost: (() => void) | null,
  ) {}

  onHead({ status }: Parameters<ResponseHandler['onHead']>[0]): void {
    this.status = status;
  }

  onBody(bytes: Buffer, start: number, end: number): void {
    this.bytes += end - start;
    if (this.bytes <= MOST_BYTES) this.parts.push(Buffer.from(bytes.subarray(start, end)));
  }

  onComplete(): void {
    const body = Buffer.concat(this.parts);
    const text = this.status === 200 && this.bytes <= MOST_BYTES ? textOf(body) : null;
    if (text !== null) return this.onAnswer(text, findUsage(body));
    if (this.onLost !== null) return this.onLost();
    const status = this.status === 200 ? 502 : this.status;
    const { message } = parseEngineError(body.toString('utf8'), status);
    this.handler.onHead({ status, headers: HEADERS });
    pass(this.handler, JSON.stringify({ error: { message, code: status } }));
    this.handler.onComplete();
  }
}

/** Null: it is in no form that is known. */
function textOf(body: Buffer): string | null {
  try {
    return readAnswer(body.toString('utf8')).text;
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError) return null;
    throw error;
  }
}

function pass(handler: ResponseHandler, text: string): void {
  const bytes = Buffer.from(text);
  handler.onBody(bytes, 0, bytes.length);
}

function sum(a: EngineUsage | null, b: EngineUsage | null): EngineUsage | null {
  if (a === null || b === null) return a ?? b;
  return {
    inputTokens: a.inputTokens + b.inputTokens,
    cachedTokens: a.cachedTokens + b.cachedTokens,
    outputTokens: a.outputTokens + b.outputTokens,
    reasoningTokens: a.reasoningTokens + b.reasoningTokens,
  };
}

/** As engines write it. */
export function wireUsage({ inputTokens, cachedTokens, outputTokens, reasoningTokens }: EngineUsage): object {
  return {
    prompt_tokens: inputTokens,
    completion_tokens: outputTokens,
    total_tokens: inputTokens + outputTokens,
    prompt_tokens_details: { cached_tokens: cachedTokens },
    completion_tokens_details: { reasoning_tokens: reasoningTokens },
  };
}
