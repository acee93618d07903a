import { CodedError } from '#contracts/errors';
import { FrameKind } from '#contracts/frames';
import type { CancelStream, GenerateRequest, QueueNews } from '#contracts/generate';
import type { RequestEnding } from '#contracts/usage';
import type { Admission, Applicant } from '../admission/admission';
import type { Priority } from '../admission/queue-state';
import { prefixKey } from '../engines/engine-affinity';
import type { Route } from '../engines/engine-router';
import { countTokens, errorOf, outcomeOf, type Ending } from './ending';
import type { FrameSender } from './frame-sender';
import type { Prologue } from './generation';
import { isPrepared } from './prepared-turn';
import type { TokenReservations } from './token-reservations';

export interface QueuedRequestOwner {
  /** Its turn has come; a place on the engine is held for it. */
  onTurn(request: QueuedRequest, route: Route, prologue: Prologue): void;
  /** No engine will come for it. True: another server takes it, and its place in the queue is for that one. */
  placeElsewhere(request: QueuedRequest, error: CodedError): boolean;
  /** It ended without a turn; null when it was refused at the door, which is no row of the ledger. */
  onUnserved(request: QueuedRequest, ending: RequestEnding | null, error: CodedError): void;
}

/** A request that waits for its turn: it can be told of its place, be cancelled, be refused. */
export class QueuedRequest implements Applicant {
  readonly userId: string;
  model: string;
  readonly modelFixed: boolean;
  readonly sequences: number;
  readonly priority: Priority;
  private readonly since = performance.now();
  /** Milliseconds that it waited for an engine that did not come. */
  private waitedBefore = 0;
  private sequence = 0;
  private ticket: number | null = null;
  /** The place on an engine that is held while tokens are reserved. */
  private place: Route | null = null;
  private over = false;

  constructor(
    readonly head: GenerateRequest,
    readonly body: Uint8Array,
    private readonly admission: Admission,
    private readonly sender: FrameSender,
    private readonly reservations: TokenReservations,
    private readonly owner: QueuedRequestOwner,
  ) {
    this.userId = head.actor.userId;
    this.model = head.servedBy ?? head.model;
    this.modelFixed = head.modelFixed === true;
    this.sequences = head.choices;
    this.priority = head.priority ?? 'person';
  }

  prefixKey(): string | null {
    return prefixKey(this.head, this.body);
  }

  /** @throws CodedError where waiting makes no sense. */
  enter(): void {
    this.ticket = this.admission.wait(this);
  }

  // ---- the queue's side

  onTurn(route: Route, waitedMs: number): void {
    if (this.head.metered !== true || isPrepared(this.head)) return this.pass(route, this.waitedBefore + waitedMs);
    this.ticket = null;
    this.place = route;
    // The gateway is asked about it, so it must know who owns it.
    if (this.sequence === 0) this.frame(FrameKind.accepted);
    void this.reserve(route);
  }

  onNews(news: QueueNews): void {
    // The gateway must know who owns the request, and that somebody does.
    if (this.sequence === 0) this.frame(FrameKind.accepted);
    this.frame(FrameKind.queue, Buffer.from(JSON.stringify(news)));
  }

  onRefused(error: CodedError, waitedMs: number): void {
    if (this.owner.placeElsewhere(this, error)) return this.waitElsewhere(waitedMs);
    this.end({ kind: 'failed', error }, this.waitedBefore + waitedMs);
  }

  private waitElsewhere(waitedMs: number): void {
    this.waitedBefore = waitedMs;
    this.model = this.head.servedBy ?? this.head.model;
    try {
      this.enter();
    } catch (error) {
      if (!(error instanceof CodedError)) throw error;
      this.end({ kind: 'failed', error }, waitedMs);
    }
  }

  // ---- ways to end it from outside

  cancel(reason: CancelStream['reason']): void {
    this.withdraw();
    this.end({ kind: 'cancelled', reason }, performance.now() - this.since);
  }

  fail(error: CodedError): void {
    this.withdraw();
    this.end({ kind: 'failed', error }, performance.now() - this.since);
  }

  /** The queue watches its own deadlines. */
  checkDeadlines(): void {
    return;
  }

  private async reserve(route: Route): Promise<void> {
    const refusal = await this.reservations.reserve(this.head, this.body, route);
    if (this.over) return;
    try {
      if (refusal !== null) throw refusal;
      this.pass(route, performance.now() - this.since);
      this.place = null;
    } catch (error) {
      const internal = 'The chat service failed at this request.';
      const coded = error instanceof CodedError ? error : new CodedError('internal_error', internal, { cause: error });
      this.fail(coded);
    }
  }

  private pass(route: Route, queueMs: number): void {
    this.owner.onTurn(this, route, { sequence: this.sequence, queueMs });
  }

  private withdraw(): void {
    if (this.ticket !== null) this.admission.withdraw(this.ticket);
    this.ticket = null;
    if (this.place !== null) this.admission.leave(this.place.model.engine.id, this.userId, this.sequences, 0);
    this.place = null;
  }

  private end(ending: Exclude<Ending, { kind: 'completed' }>, waitedMs: number): void {
    this.over = true;
    const error = errorOf(ending);
    const waited = this.sequence > 0;
    this.frame(FrameKind.error, Buffer.from(JSON.stringify(error.toWire())));
    this.owner.onUnserved(this, waited ? this.ending(ending, waitedMs) : null, error);
  }

  /** The ledger's words: it waited, and used nothing. */
  private ending(ending: Ending, waitedMs: number): RequestEnding {
    const queueMs = Math.round(waitedMs);
    return {
      ...countTokens(null, 0, 0),
      ...outcomeOf(ending, false),
      queueMs,
      ttftMs: null,
      latencyMs: Math.round(this.head.spentMs + waitedMs),
    };
  }

  private frame(kind: FrameKind, bytes?: Buffer): void {
    const { gatewayId, stream } = this.head;
    this.sender.send(gatewayId, 'now', kind, stream, this.sequence++, bytes);
  }
}
