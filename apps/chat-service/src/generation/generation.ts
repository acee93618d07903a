import { CodedError } from '#contracts/errors';
import { FrameKind } from '#contracts/frames';
import type { CancelStream, GenerateRequest } from '#contracts/generate';
import type { RequestEnding, RequestFacts, RequestTimes, TokenCounts } from '#contracts/usage';
import type { EngineConnectionError } from '../engines/http/engine-connection';
import type { EngineCall } from '../engines/http/engine-pool';
import type { ResponseHead } from '../engines/http/response-reader';
import { StreamAnswer, WholeAnswer, type Answer } from './answer';
import { inTurn, type AnswerRewriter } from './answer-rewriter';
import { isEngineGone, OTHER_SERVER, OWN_ENGINE, toCodedError, type EngineError } from './engine-errors';
import { answerEnd, countTokens, errorOf, outcomeOf, type Ending } from './ending';
import type { FrameSender, Urgency } from './frame-sender';

/** Limits of time and size for one generation, milliseconds and bytes. */
export interface GenerationLimits {
  firstTokenMs: number;
  betweenTokensMs: number;
  requestMs: number;
  ledgerMs: number;
  maxEventBytes: number;
  maxAnswerBytes: number;
}

/** What happened to a request before it came to an engine. */
export interface Prologue {
  /** Of the next frame: the gateway has been sent those before it. */
  sequence: number;
  /** Milliseconds in the queue. */
  queueMs: number;
}

/** What is our own about an answer. */
export interface AnswerFrame {
  /** An event before the answer, which sends the status 200. */
  preface?: Buffer;
  /** It had been given before: no engine counts anything. */
  cached?: true;
  /** Of the answer to the client. */
  headers?: Readonly<Record<string, string>>;
  rewriter?: AnswerRewriter;
}

export interface GenerationOwner {
  /** The generation is over; its frames may still wait for the ledger. */
  onOver(generation: Generation, ending: RequestEnding): void;
  /** A connection to the engine broke or could not be had: it may be gone. Comes before `onOver`. */
  onConnectionLost(): void;
  /** Another engine for a request of whose answer nothing has come; null: there is none. */
  another(): { facts: RequestFacts; send: (generation: Generation) => EngineCall } | null;
}

/** What an engine did for an answer that had been given before. */
const NO_TOKENS: TokenCounts = {
  inputTokens: 0,
  cachedTokens: 0,
  outputTokens: 0,
  reasoningTokens: 0,
  countMethod: 'cached',
};

/** Time on the monotonic clock, milliseconds: deadlines do not move when somebody sets the clock. */
const now = (): number => performance.now();

/**
 * One request on its way through an engine: bytes in from the engine, frames out to the gateway, nothing before the
 * ledger has the request's start.
 */
export class Generation {
  private readonly arrivedAt: number;
  readonly sentAt = now();
  private lastTokenAt = 0;
  private firstTokenAt = 0;
  /** Of the answer, when the last token came. */
  private progress = 0;
  private sequence: number;
  private call: EngineCall | null = null;
  private answer: Answer | null = null;
  /** Something of an answer has come. */
  private passed = false;
  private triedElsewhere = false;
  private over = false;
  /** `at`: on the monotonic clock. */
  private cancelled: { reason: CancelStream['reason']; at: number } | null = null;
  /** The client has had an event of ours, and with it the status 200. */
  private prefaced = false;
  /** Frames made before the ledger had the request; null once it has. */
  private held: { kind: FrameKind; bytes: Buffer }[] | null = [];
  /** How it ended, where the ledger does not have its start yet. */
  private ended: RequestEnding | null = null;
  /** Null: the client gets what the engine sends. */
  private rewriter: AnswerRewriter | null = null;
  /** Looks through what the client gets, last of all; null: nobody does. */
  private guard: AnswerRewriter | null = null;
  private cached = false;
  /** When the last checkpoint was made, and how many events it knew. */
  private checkpointAt = 0;
  private checkpointEvents = 0;

  constructor(
    readonly head: GenerateRequest,
    /** Of the engine that it is on now. */
    public facts: RequestFacts,
    private readonly bodyBytes: number,
    private readonly sender: FrameSender,
    private readonly limits: GenerationLimits,
    private readonly owner: GenerationOwner,
    private readonly prologue: Prologue,
    /** Sees the bytes that pass; a view, valid during the call only. */
    private readonly tap: ((bytes: Buffer, start: number, end: number) => void) | null = null,
  ) {
    this.arrivedAt = this.sentAt - head.spentMs - prologue.queueMs;
    this.sequence = prologue.sequence;
    this.sender.open(head.gatewayId);
    if (this.sequence === 0) this.frame('lazy', FrameKind.accepted);
  }

  /** Sends the request by `send` and relays what comes back. */
  start(send: (generation: Generation) => EngineCall): void {
    this.call = send(this);
  }

  /** Before it starts: whoever looks through the answer. What leaves it is what the client gets and `tap` sees. */
  guardBy(guard: AnswerRewriter, tap: ((bytes: Buffer, start: number, end: number) => void) | null): void {
    this.guard = guard;
    this.rewriter = guard;
    guard.open((kind, bytes) => {
      tap?.(bytes, 0, bytes.length);
      this.emit('soon', kind, bytes);
    });
  }

  /** As `start`, with what is our own about the answer; false, and nothing, when it has ended meanwhile. */
  begin({ preface, headers, rewriter, cached }: AnswerFrame, send: (generation: Generation) => EngineCall): boolean {
    if (this.over) return false;
    this.cached = cached === true;
    if (headers !== undefined) this.emit('now', FrameKind.headers, Buffer.from(JSON.stringify(headers)));
    if (preface !== undefined) {
      this.prefaced = true;
      this.emit('now', FrameKind.data, preface);
    }
    if (rewriter !== undefined) {
      const { guard } = this;
      this.rewriter = guard === null ? rewriter : inTurn(rewriter, guard);
      rewriter.open((kind, bytes) =>
        guard === null || kind === FrameKind.headers
          ? this.emit('soon', kind, bytes)
          : guard.push(bytes, 0, bytes.length),
      );
    }
    this.start(send);
    return true;
  }

  /** The ledger has the request's start: what was held may leave. */
  onKept(): void {
    const held = this.held;
    if (held === null) return;
    this.held = null;
    for (const { kind, bytes } of held) this.frame('now', kind, bytes);
    if (this.ended !== null) this.close(this.ended);
  }

  // ---- the engine's side

  onHead(head: ResponseHead): void {
    const streams = this.head.streaming && head.status === 200;
    this.answer = streams
      ? new StreamAnswer(this, { passUsage: this.head.includeUsage, maxEventBytes: this.limits.maxEventBytes })
      : new WholeAnswer(this, head.status, this.limits.maxAnswerBytes);
  }

  onBody(bytes: Buffer, start: number, end: number): void {
    this.answer?.push(bytes, start, end);
  }

  onComplete(): void {
    this.answer?.end(true);
  }

  onFailure(error: EngineConnectionError): void {
    if (this.over) return;
    this.owner.onConnectionLost();
    if (this.startElsewhere()) return;
    if (this.answer !== null) return this.answer.end(false);
    const unreachable = error.beforeAnswer
      ? new CodedError('engine_unavailable', `${this.server} cannot be reached. Try again in a moment.`, {
          cause: error,
        })
      : new CodedError('engine_error', `${this.server} broke off its answer. Try again in a moment.`, { cause: error });
    this.finish({ kind: 'failed', error: unreachable });
  }

  // ---- the answer's side

  pass(kind: FrameKind, bytes: Buffer, start: number, end: number): void {
    if (this.over) return;
    this.passed = true;
    const first = this.firstTokenAt === 0;
    const progress = this.answer?.progress ?? 0;
    if (progress > this.progress) {
      this.progress = progress;
      this.lastTokenAt = now();
      if (first) this.firstTokenAt = this.lastTokenAt;
    }
    this.tap?.(bytes, start, end);
    if (this.rewriter === null) this.emit(first ? 'now' : 'soon', kind, bytes, start, end);
    else this.rewrite((rewriter) => rewriter.push(bytes, start, end));
  }

  complete(): void {
    this.rewrite((rewriter) => rewriter.end(true));
    this.finish({ kind: 'completed' });
  }

  engineError(error: EngineError): void {
    if (isEngineGone(error) && this.startElsewhere()) return;
    this.finish({ kind: 'failed', error: toCodedError(error, this.head.model, this.server) });
  }

  truncated(): void {
    if (this.startElsewhere()) return;
    const message = `${this.server} ended the stream before the answer was complete.`;
    this.finish({ kind: 'failed', error: new CodedError('upstream_truncated', message) });
  }

  /** Once, and only while the client has seen nothing of an answer: no token is ever told twice. */
  private startElsewhere(): boolean {
    if (this.over || this.passed || this.triedElsewhere) return false;
    this.triedElsewhere = true;
    const other = this.owner.another();
    if (other === null) return false;
    this.call?.abort();
    this.answer = null;
    const tried = this.facts.engineLife;
    this.facts = tried === null ? other.facts : { ...other.facts, triedEngineLife: tried };
    this.start(other.send);
    return true;
  }

  // ---- ways to end it from outside

  cancel(reason: CancelStream['reason']): void {
    this.cancelled ??= { reason, at: now() };
    // Whole, but all of it still waits for the ledger: its client has seen nothing, so this is how it ended.
    if (this.over && this.held !== null) {
      this.held = [];
      this.over = false;
    }
    this.finish({ kind: 'cancelled', reason });
  }

  fail(error: CodedError): void {
    this.finish({ kind: 'failed', error });
  }

  private get server(): string {
    return this.head.servedBy === undefined ? OWN_ENGINE : OTHER_SERVER;
  }

  /** Events that carried a token so far. */
  get tokenEvents(): number {
    return this.answer?.tokenEvents ?? 0;
  }

  /** What the ledger should know if this process died now; null while there is nothing that it does not know. */
  checkpoint(at: number, everyMs: number): (TokenCounts & RequestTimes) | null {
    if (this.over || this.cached || this.held !== null || this.tokenEvents === this.checkpointEvents) return null;
    if (at - Math.max(this.checkpointAt, this.firstTokenAt) < everyMs) return null;
    this.checkpointAt = at;
    this.checkpointEvents = this.tokenEvents;
    return { ...countTokens(null, this.tokenEvents, this.bodyBytes), ...this.times() };
  }

  /** Ends the generation when one of its times is up. Called a few times a second with the monotonic time. */
  checkDeadlines(at: number): void {
    const { limits } = this;
    if (this.held !== null && at - this.sentAt > limits.ledgerMs) return this.refuseUnrecorded();
    if (this.over) return;
    if (at - this.arrivedAt > limits.requestMs) {
      this.fail(timeout('request_deadline_exceeded', 'The request took longer than', limits.requestMs));
    } else if (this.head.streaming && this.firstTokenAt === 0 && at - this.sentAt > limits.firstTokenMs) {
      this.fail(timeout('first_token_timeout', `${this.server} sent no token within`, limits.firstTokenMs));
    } else if (this.head.streaming && this.firstTokenAt > 0 && at - this.lastTokenAt > limits.betweenTokensMs) {
      this.fail(
        timeout('between_tokens_timeout', `${this.server} sent no further token within`, limits.betweenTokensMs),
      );
    }
  }

  /** Nothing of the answer may leave, whether it is there already or not. */
  private refuseUnrecorded(): void {
    this.held = null;
    this.over = false;
    this.firstTokenAt = 0; // the client has seen none
    this.prefaced = false;
    if (this.cancelled !== null) this.finish({ kind: 'cancelled', reason: this.cancelled.reason });
    else
      this.fail(new CodedError('ledger_unavailable', 'Requests cannot be recorded at the moment, so none is taken.'));
  }

  /** An answer that cannot be read is an error of the engine. */
  private rewrite(step: (rewriter: AnswerRewriter) => void): void {
    if (this.rewriter === null || this.over) return;
    try {
      step(this.rewriter);
    } catch {
      this.engineError({ status: 502, message: 'the answer is in no form that is known' });
    }
  }

  private finish(ending: Ending): void {
    if (this.over) return;
    this.over = true;
    if (ending.kind !== 'completed') {
      this.call?.abort();
      this.rewriter?.end(false);
    }
    const ended = this.ending(ending);
    if (ending.kind === 'completed') this.emit('now', FrameKind.end, Buffer.from(JSON.stringify(answerEnd(ended))));
    else this.emit('now', FrameKind.error, Buffer.from(JSON.stringify(errorOf(ending).toWire())));
    // Until the ledger has the start, its own limit of time still counts.
    if (this.held === null) this.close(ended);
    else this.ended = ended;
  }

  private close(ended: RequestEnding): void {
    this.sender.close(this.head.gatewayId);
    this.owner.onOver(this, ended);
  }

  private ending(ending: Ending): RequestEnding {
    return {
      ...(this.cached
        ? NO_TOKENS
        : countTokens(this.answer?.usage ?? null, this.answer?.tokenEvents ?? 0, this.bodyBytes)),
      ...outcomeOf(ending, this.prefaced || (this.head.streaming && this.firstTokenAt > 0)),
      ...this.times(),
    };
  }

  private times(): RequestTimes {
    return {
      queueMs: round(this.prologue.queueMs),
      // The first byte of an answer that does not stream is also its last.
      ttftMs: this.firstTokenAt === 0 || !this.head.streaming ? null : round(this.firstTokenAt - this.arrivedAt),
      // A cancelled one may have waited for the ledger since, and no engine worked for it then.
      latencyMs: round((this.cancelled?.at ?? now()) - this.arrivedAt),
    };
  }

  private emit(urgency: Urgency, kind: FrameKind, bytes?: Buffer, start = 0, end = bytes?.length ?? 0): void {
    if (this.held === null) this.frame(urgency, kind, bytes, start, end);
    else
      this.held.push({ kind, bytes: bytes === undefined ? Buffer.alloc(0) : Buffer.from(bytes.subarray(start, end)) });
  }

  private frame(urgency: Urgency, kind: FrameKind, bytes?: Buffer, start = 0, end = bytes?.length ?? 0): void {
    this.sender.send(this.head.gatewayId, urgency, kind, this.head.stream, this.sequence++, bytes, start, end);
  }
}

function timeout(
  code: 'request_deadline_exceeded' | 'first_token_timeout' | 'between_tokens_timeout',
  what: string,
  limitMs: number,
): CodedError {
  return new CodedError(code, `${what} ${limitMs / 1_000} seconds.`);
}

/** Tenths of a millisecond are all that the clock's users need. */
function round(ms: number): number {
  return Math.round(ms * 10) / 10;
}
