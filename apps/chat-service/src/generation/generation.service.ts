import { setTimeout as setTimeoutPromise } from 'node:timers/promises';
import type { Msg, Subscription } from '@nats-io/transport-node';
import {
  Inject,
  Injectable,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
  type OnModuleInit,
} from '@nestjs/common';
import { Logger } from 'nestjs-pino';
import { BACKEND_HEADER } from '#contracts/code';
import { CACHE_HEADER, type CacheOutcome } from '#contracts/cache';
import { CodedError } from '#contracts/errors';
import { FrameKind } from '#contracts/frames';
import {
  CHAT_QUEUE,
  ChatSubjects,
  decodeGenerate,
  type CancelRequest,
  type CancelStream,
  type GenerateRequest,
} from '#contracts/generate';
import { HEARTBEAT_INTERVAL_MS, PresenceSubjects, type Heartbeat } from '#contracts/presence';
import type { RequestEnding } from '#contracts/usage';
import { Bus } from '#common/bus';
import { Drain } from '#common/drain';
import { ModelsDirectory } from '#common/models-directory';
import { Presence } from '#common/presence';
import { Readiness } from '#common/readiness';
import { startSpan, type Traced } from '#common/tracing';
import { Admission } from '../admission/admission';
import { Peers } from '../admission/peers';
import { CodeTurns } from '../code/code-turns';
import { CHAT_CONFIG, type ChatConfig } from '../config';
import { engineRequest, type EnginePath } from '../engines/engine-request';
import { EngineRouter, type Route } from '../engines/engine-router';
import { backendOf, FallbackPlacement } from '../engines/fallback-placement';
import { replay } from '../cache/recording';
import { ResponseCache } from '../cache/response-cache';
import { Guardrails } from '../guardrails/guardrails';
import { withRepeatedPromptIn } from '../guardrails/repeated-prompt';
import { Bookkeeping } from './bookkeeping';
import { ChatTurns } from './chat-turns';
import { FrameSender } from './frame-sender';
import { Generation, type AnswerFrame, type GenerationLimits, type GenerationOwner, type Prologue } from './generation';
import { JournalPublisher } from './journal-publisher';
import { PendingRequest } from './pending-request';
import { QueuedRequest } from './queued-request';
import { factsOf, unservedFacts } from './request-facts';
import { TokenReservations } from './token-reservations';

/** Deadlines are seconds long; a quarter of a second is fine enough and costs nothing. */
const SWEEP_MS = 250;
/** The server's answer to an unsubscribe takes a millisecond. */
const INTAKE_DRAIN_LIMIT_MS = 1_000;
/** Of a request that need not wait. */
const AT_ONCE: Prologue = { sequence: 0, queueMs: 0 };

/** What went to an engine, and to which. */
interface Sent {
  readonly head: GenerateRequest;
  body: Uint8Array;
  path?: EnginePath | undefined;
  route: Route;
}

/** Takes requests from gateways, holds the running ones, and ends them when somebody or something says so. */
@Injectable()
export class GenerationService implements OnModuleInit, OnApplicationBootstrap, BeforeApplicationShutdown {
  readonly instanceId: string;
  /** Requests that run or wait, or whose question is being written down. */
  private readonly running = new Map<string, Generation | QueuedRequest | PendingRequest>();
  private readonly gateways = new Presence(
    () => undefined,
    (gatewayId, left) => this.onGatewayGone(gatewayId, left),
  );
  private readonly sender: FrameSender;
  private readonly books: Bookkeeping;
  private readonly limits: GenerationLimits;
  private readonly timers: NodeJS.Timeout[] = [];
  private intake: Subscription | null = null;
  private readonly drain = new Drain(() => this.running.size);

  constructor(
    @Inject(CHAT_CONFIG) private readonly config: ChatConfig,
    private readonly bus: Bus,
    private readonly router: EngineRouter,
    private readonly directory: ModelsDirectory,
    private readonly admission: Admission,
    private readonly reservations: TokenReservations,
    peers: Peers,
    private readonly publisher: JournalPublisher,
    private readonly turns: ChatTurns,
    private readonly codeTurns: CodeTurns,
    private readonly fallbacks: FallbackPlacement,
    private readonly guardrails: Guardrails,
    private readonly cache: ResponseCache,
    private readonly readiness: Readiness,
    private readonly logger: Logger,
  ) {
    this.instanceId = peers.instanceId;
    this.sender = new FrameSender(
      this.instanceId,
      (subject, message) => bus.publish(subject, message),
      config.FRAME_WINDOW_MS,
    );
    this.books = new Bookkeeping(this.instanceId, (batch, id) => publisher.publish(batch, id), reservations, logger, {
      inFlight: () => this.running.size - this.admission.waiting,
      messages: () => this.sender.messages,
      frames: () => this.sender.frames,
    });
    this.limits = {
      firstTokenMs: config.FIRST_TOKEN_TIMEOUT_MS,
      betweenTokensMs: config.BETWEEN_TOKENS_TIMEOUT_MS,
      requestMs: config.REQUEST_DEADLINE_MS,
      ledgerMs: config.LEDGER_TIMEOUT_MS,
      maxEventBytes: config.MAX_EVENT_BYTES,
      maxAnswerBytes: config.MAX_ANSWER_BYTES,
    };
  }

  onModuleInit(): void {
    this.bus.subscribe(ChatSubjects.cancel(this.instanceId), (message) =>
      this.cancelStream(message.json<CancelStream>()),
    );
    this.bus.subscribe(ChatSubjects.cancelRequest, (message) => this.cancelRequest(message));
    this.gateways.listen(this.bus, PresenceSubjects.gateway);
    // What was on its way is lost with the connection, and the gateways end these streams too.
    this.bus.onLost(() => this.endAll('gateway_failed', () => true));
    this.readiness.add('ledger', () => this.publisher.ready);
  }

  /** Requests are taken last, when everything they need is there. */
  onApplicationBootstrap(): void {
    this.intake = this.bus.subscribe(ChatSubjects.generate, (message) => this.take(message.data), CHAT_QUEUE);
    this.timers.push(
      setInterval(() => this.sweep(), SWEEP_MS),
      setInterval(() => this.beat(false), HEARTBEAT_INTERVAL_MS),
    );
    this.beat(false);
  }

  /** SIGTERM: nothing new is taken, what runs may end within the drain limit, the rest is told why it ends. */
  async beforeApplicationShutdown(): Promise<void> {
    await this.closeIntake();
    this.admission.drain();
    if (this.running.size > 0) this.logger.log({ msg: 'draining streams', inFlight: this.running.size });
    await this.drain.wait(this.config.DRAIN_TIMEOUT_MS);
    for (const generation of [...this.running.values()]) {
      generation.fail(
        new CodedError('shutting_down', 'The service is restarting and the answer took longer than its drain limit.'),
      );
    }
    await Promise.all([this.books.idle(), this.turns.idle()]);
    this.sender.flushAll();
    this.beat(true);
    for (const timer of this.timers) clearInterval(timer);
    this.router.close();
  }

  /** A request that was on its way to us when the server heard that we take no more is still ours: nobody else has it. */
  private async closeIntake(): Promise<void> {
    const limit = setTimeoutPromise(INTAKE_DRAIN_LIMIT_MS, undefined, { ref: false });
    // NATS may be away, or go away meanwhile: then nothing is on its way.
    await Promise.race([this.intake?.drain().catch(() => undefined), limit]);
  }

  /** The generation is over: the ledger, the metrics and the log hear of it. */
  onOver(generation: Generation, ending: RequestEnding, route: Route, body: Uint8Array, span: Traced | null): void {
    const { facts } = generation;
    const engineId = route.model.engine.id;
    this.running.delete(keyOf(generation.head));
    if (this.cache.on) this.cache.over(facts.requestId, ending.outcome === 'completed');
    this.admission.leave(engineId, facts.userId, generation.head.choices, performance.now() - generation.sentAt);
    if (generation.head.chat !== undefined) this.turns.over(generation.head, ending);
    this.books.finished(generation, ending, route, body);
    span?.span.setAttributes({ 'tandem.outcome': ending.outcome, 'tandem.output_tokens': ending.outputTokens }).end();
    this.drain.ended();
  }

  /** It waited and was not served; without an ending it was refused at the door. */
  private onUnserved(request: QueuedRequest, ending: RequestEnding | null, error: CodedError): void {
    this.running.delete(keyOf(request.head));
    if (ending === null) {
      this.turns.refused(request.head);
      this.books.refused(request.head, error);
    } else {
      this.turns.over(request.head, ending);
      this.books.unserved(request.head, unservedFacts(request.head, this.directory.state), ending);
    }
    this.drain.ended();
  }

  private take(message: Uint8Array): void {
    const { head, body } = decodeGenerate(message);
    this.gateways.heard(head.gatewayId);
    try {
      const checked = this.guardrails.request(head, body);
      if (head.chat?.kind === 'stored') return void this.keepThenAdmit(head, checked);
      this.admit(head, checked);
    } catch (error) {
      this.refuse(head, error);
    }
  }

  /** The question is written down before anything else is done with it. */
  private async keepThenAdmit(head: GenerateRequest, body: Uint8Array): Promise<void> {
    const key = keyOf(head);
    const pending = new PendingRequest(head);
    this.running.set(key, pending);
    try {
      await this.turns.keep(head, body);
      this.running.delete(key);
      const { end } = pending;
      if (end === null) {
        this.admit(head, body);
        return;
      }
      this.turns.over(head, end.ending);
      this.refuse(head, end.error);
    } catch (error) {
      this.running.delete(key);
      this.turns.refused(head);
      this.refuse(head, error);
    } finally {
      this.drain.ended();
    }
  }

  private admit(head: GenerateRequest, body: Uint8Array): void {
    if (this.running.size >= this.config.MAX_IN_FLIGHT) {
      throw new CodedError('too_many_in_flight', 'Too many requests are running. Try again in a moment.');
    }
    if (this.books.full)
      throw new CodedError('ledger_unavailable', 'Requests cannot be recorded at the moment, so none is taken.');
    this.fallbacks.place(head);
    // One with a token limit has its tokens reserved first; where a prompt is put together here, after that.
    if (head.metered === true && !isPrepared(head)) return this.queue(head, body);
    const route = this.admission.enter(head, body);
    if (route === null) return this.queue(head, body);
    try {
      this.start(head, body, route, AT_ONCE);
    } catch (error) {
      this.admission.leave(route.model.engine.id, head.actor.userId, head.choices, 0);
      throw error;
    }
  }

  private queue(head: GenerateRequest, body: Uint8Array): void {
    const queued = new QueuedRequest(head, body, this.admission, this.sender, this.reservations, {
      onTurn: (_, route, prologue) => this.start(head, body, route, prologue),
      placeElsewhere: (_, error) => this.fallbacks.placeRefused(head, error),
      onUnserved: (request, ending, error) => this.onUnserved(request, ending, error),
    });
    // Before it enters: its turn or its refusal may come at once.
    this.running.set(keyOf(head), queued);
    try {
      queued.enter();
      // A benchmark makes room for people at once.
      if (head.priority !== 'background' && this.admission.waiting === 1) this.beat(false);
    } catch (error) {
      this.running.delete(keyOf(head));
      throw error;
    }
  }

  /** A place on the engine is held for the request; `onOver` gives it back. */
  private start(head: GenerateRequest, body: Uint8Array, route: Route, prologue: Prologue): void {
    const span = startSpan('chat.generate', head.traceparent, { attributes: { 'tandem.request_id': head.requestId } });
    const traced = span === null ? head : { ...head, traceparent: span.traceparent };
    const { servedName } = route.model;
    const read = this.guardrails.repeatsSystemPrompt(head) && !isPrepared(head) ? withRepeatedPromptIn(body) : body;
    const request = isPrepared(head) ? null : engineRequest(traced, servedName, read, route.pool);
    const facts = factsOf(head, route);
    // What the engine reads, should it have to be counted: a turn's is put together later.
    const sent: Sent = { head: traced, body: read, route };
    const owner = {
      onOver: (over: Generation, ending: RequestEnding) => this.onOver(over, ending, sent.route, sent.body, span),
      onConnectionLost: () => this.admission.pause(sent.route.model.engine.id),
      another: () => this.another(sent),
    };
    const tap = head.chat === undefined ? null : this.turns.tapOf(head);
    const guard = this.guardrails.answer(head, () => generation.fail(blockedAnswer()));
    const plainTap = guard === null ? tap : null;
    const generation = new Generation(head, facts, body.length, this.sender, this.limits, owner, prologue, plainTap);
    if (guard !== null) generation.guardBy(guard, tap);
    this.running.set(keyOf(head), generation);
    // Both waits overlap: the ledger's disk and the engine's first token.
    this.books.started(facts, () => generation.onKept());
    if (request === null) void this.startTurn(generation, sent, route);
    else if (this.cache.on) void this.startCached(generation, sent, request, {});
    else if (head.servedBy === undefined) generation.start((handler) => route.pool.send(request, handler));
    else
      generation.begin({ headers: { [BACKEND_HEADER]: backendOf(route.model) } }, (handler) =>
        route.pool.send(request, handler),
      );
  }

  /** Native chat and code: what the engine is to read is put together now that it is known which one it is. */
  private async startTurn(generation: Generation, sent: Sent, route: Route): Promise<void> {
    const { head } = sent;
    try {
      const turn =
        head.code === undefined
          ? await this.turns.prepare(head, sent.body, route, this.guardrails.repeatsSystemPrompt(head))
          : this.codeTurns.prepare(head, head.code, sent.body, route);
      sent.body = head.chat?.kind === 'stored' ? this.guardrails.history(head, turn.body) : turn.body;
      sent.path = turn.path;
      const refusal = head.metered === true ? await this.reservations.reserve(head, sent.body, route) : null;
      if (refusal !== null) throw refusal;
      const request = engineRequest(head, route.model.servedName, sent.body, route.pool, turn.path);
      if (this.cache.on) await this.startCached(generation, sent, request, turn.frame);
      else generation.begin(turn.frame, (handler) => route.pool.send(request, handler));
    } catch (error) {
      generation.fail(this.codedError(error, head));
    }
  }

  /** An answer that was given before, or one that may be given again. */
  private async startCached(
    generation: Generation,
    { head, body, path, route }: Sent,
    request: Buffer,
    frame: AnswerFrame,
  ): Promise<void> {
    const backend = head.servedBy === undefined ? {} : { [BACKEND_HEADER]: backendOf(route.model) };
    const headers = (outcome: CacheOutcome) => ({ ...backend, ...frame.headers, [CACHE_HEADER]: outcome });
    const { requestId } = head;
    try {
      const place = await this.cache.enter(head, body, path ?? head.endpoint, route);
      if (place.kind === 'hit') {
        generation.begin({ ...frame, headers: headers('hit'), cached: true }, (handler) =>
          replay(place.answer, handler),
        );
        return;
      }
      const begun = generation.begin({ ...frame, headers: headers(place.kind) }, (handler) =>
        route.pool.send(request, place.kind === 'miss' ? place.recording.around(handler) : handler),
      );
      // It ended while it waited, and nobody will say so again.
      if (!begun) this.cache.over(requestId, false);
    } catch (error) {
      generation.fail(this.codedError(error, head));
    }
  }

  /** The same request for another engine, where there is one with room. */
  private another(sent: Sent): ReturnType<GenerationOwner['another']> {
    const { head, body, path } = sent;
    const from = sent.route.model.engine.id;
    const route = this.admission.move(head, from);
    if (route === null) return null;
    sent.route = route;
    const to = route.model.engine.id;
    this.logger.warn({
      msg: 'an engine failed before it answered; trying another',
      request_id: head.requestId,
      from,
      to,
    });
    const { servedName } = route.model;
    const request = engineRequest(head, servedName, body, route.pool, path);
    return { facts: factsOf(head, route), send: (handler) => route.pool.send(request, handler) };
  }

  /** Refused at the door: counted in metrics, no row in the ledger. */
  private refuse(head: GenerateRequest, error: unknown): void {
    const coded = this.codedError(error, head);
    this.books.refused(head, coded);
    this.sender.send(
      head.gatewayId,
      'now',
      FrameKind.error,
      head.stream,
      0,
      Buffer.from(JSON.stringify(coded.toWire())),
    );
  }

  private codedError(error: unknown, head: GenerateRequest): CodedError {
    if (error instanceof CodedError) return error;
    this.logger.error({ msg: 'a request could not be started', err: error, request_id: head.requestId });
    return new CodedError('internal_error', 'The chat service failed at this request.', { cause: error });
  }

  private cancelStream({ gatewayId, stream, reason }: CancelStream): void {
    this.running.get(keyOf({ gatewayId, stream }))?.cancel(reason);
  }

  /** Everybody hears this; only the owner of the request answers. */
  private cancelRequest(message: Msg): void {
    const { requestId, userId } = message.json<CancelRequest>();
    for (const generation of this.running.values()) {
      if (generation.head.requestId !== requestId) continue;
      if (userId !== null && generation.head.actor.userId !== userId) return;
      generation.cancel('cancelled');
      message.respond(JSON.stringify({ cancelled: true }));
      return;
    }
  }

  /** One that leaves has ended its streams itself. */
  private onGatewayGone(gatewayId: string, left: boolean): void {
    if (!left) {
      this.logger.warn({ msg: 'a gateway fell silent; its streams are ended', gatewayId });
      this.endAll('gateway_failed', (generation) => generation.head.gatewayId === gatewayId);
    }
    this.sender.forget(gatewayId);
  }

  private sweep(): void {
    const at = performance.now();
    for (const generation of this.running.values()) {
      generation.checkDeadlines(at);
      if (!(generation instanceof Generation)) continue;
      const counts = generation.checkpoint(at, this.config.CHECKPOINT_EVERY_MS);
      if (counts !== null) this.books.checkpoint(generation.facts, counts);
    }
  }

  private endAll(
    reason: CancelStream['reason'],
    which: (request: Generation | QueuedRequest | PendingRequest) => boolean,
  ): void {
    for (const generation of [...this.running.values()]) if (which(generation)) generation.cancel(reason);
  }

  private beat(leaving: boolean): void {
    const beat: Heartbeat = {
      instanceId: this.instanceId,
      inFlight: this.running.size,
      waiting: this.admission.waiting,
      people: this.people(),
      timeouts: this.books.timeouts,
      ...(leaving ? { leaving } : {}),
    };
    this.bus.publishJson(PresenceSubjects.chat, beat);
  }

  private people(): number {
    let people = 0;
    for (const { head } of this.running.values()) if (head.priority !== 'background') people += 1;
    return people;
  }
}

function blockedAnswer(): CodedError {
  return new CodedError('content_blocked', 'The answer held a text that is not allowed on this server, and was ended.');
}

/** Its prompt is put together by us, when it is known which engine reads it. */
function isPrepared({ chat, code }: GenerateRequest): boolean {
  return chat !== undefined || code !== undefined;
}

function keyOf({ gatewayId, stream }: Pick<GenerateRequest, 'gatewayId' | 'stream'>): string {
  return `${gatewayId}/${stream}`;
}
