import { setTimeout as setTimeoutPromise } from 'node:timers/promises';
import type { Subscription } from '@nats-io/transport-node';
import {
  Inject,
  Injectable,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
  type OnModuleInit,
} from '@nestjs/common';
import { Logger } from 'nestjs-pino';
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
import { ModelsDirectory } from '#common/models-directory';
import { Presence } from '#common/presence';
import { Readiness } from '#common/readiness';
import { Admission } from '../admission/admission';
import { Peers } from '../admission/peers';
import { CodeTurns } from '../code/code-turns';
import { CHAT_CONFIG, type ChatConfig } from '../config';
import { EngineRouter } from '../engines/engine-router';
import { FallbackPlacement } from '../engines/fallback-placement';
import { HintPlacement } from '../hints/hint-placement';
import { HintTurns } from '../hints/hint-turns';
import { ResponseCache } from '../cache/response-cache';
import { Guardrails } from '../guardrails/guardrails';
import { Bookkeeping } from './bookkeeping';
import { ChatTurns } from './chat-turns';
import { AT_ONCE, Dispatcher, startFailure } from './dispatcher';
import { FrameSender } from './frame-sender';
import { Generation } from './generation';
import { HeldRequests } from './held-requests';
import { JournalPublisher } from './journal-publisher';
import { PendingRequest } from './pending-request';
import { isPrepared } from './prepared-turn';
import { QueuedRequest } from './queued-request';
import { unservedFacts } from './request-facts';
import { TokenReservations } from './token-reservations';

/** Deadlines are seconds long; a quarter of a second is fine enough and costs nothing. */
const SWEEP_MS = 250;
/** JetStream tells within it what is banned and that the ledger is there, unless something is wrong with it. */
const INTAKE_WAIT_LIMIT_MS = 5_000;
const INTAKE_LOOK_MS = 10;
/** The server's answer to an unsubscribe takes a millisecond. */
const INTAKE_DRAIN_LIMIT_MS = 1_000;

/** Takes requests from gateways, admits or refuses them, and ends the running ones when somebody or something says so. */
@Injectable()
export class GenerationService implements OnModuleInit, OnApplicationBootstrap, BeforeApplicationShutdown {
  readonly instanceId: string;
  private readonly held = new HeldRequests();
  private readonly gateways = new Presence(
    () => undefined,
    (gatewayId, left) => this.onGatewayGone(gatewayId, left),
  );
  private readonly sender: FrameSender;
  private readonly books: Bookkeeping;
  private readonly dispatcher: Dispatcher;
  private readonly timers: NodeJS.Timeout[] = [];
  private intake: Subscription | null = null;

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
    hintTurns: HintTurns,
    private readonly hints: HintPlacement,
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
      inFlight: () => this.held.size - this.admission.waiting,
      messages: () => this.sender.messages,
      frames: () => this.sender.frames,
    });
    const { held, sender, books } = this;
    const limits = {
      firstTokenMs: config.FIRST_TOKEN_TIMEOUT_MS,
      betweenTokensMs: config.BETWEEN_TOKENS_TIMEOUT_MS,
      requestMs: config.REQUEST_DEADLINE_MS,
      ledgerMs: config.LEDGER_TIMEOUT_MS,
      maxEventBytes: config.MAX_EVENT_BYTES,
      maxAnswerBytes: config.MAX_ANSWER_BYTES,
    };
    this.dispatcher = new Dispatcher({
      held,
      sender,
      books,
      limits,
      admission,
      reservations,
      turns,
      codeTurns,
      hintTurns,
      hints,
      guardrails,
      cache,
      logger,
    });
  }

  onModuleInit(): void {
    this.bus.subscribe(ChatSubjects.cancel(this.instanceId), (message) => {
      const cancel = message.json<CancelStream>();
      if (!this.held.cancelStream(cancel)) this.books.undelivered(cancel);
    });
    // Everybody hears this; only the owner of the request answers.
    this.bus.subscribe(ChatSubjects.cancelRequest, (message) => {
      const { requestId, userId } = message.json<CancelRequest>();
      if (this.held.cancelRequest(requestId, userId)) message.respond(JSON.stringify({ cancelled: true }));
    });
    this.gateways.listen(this.bus, PresenceSubjects.gateway);
    // What was on its way is lost with the connection, and the gateways end these streams too.
    this.bus.onLost(() => this.held.cancelAll('gateway_failed'));
    this.readiness.add('ledger', () => this.publisher.ready);
    this.readiness.add('requests', () => this.intake !== null);
  }

  onApplicationBootstrap(): void {
    this.timers.push(setInterval(() => this.sweep(), SWEEP_MS));
    void this.openIntake();
  }

  /**
   * Requests are taken last, when everything they need is there: one that comes before could only be refused, and another
   * instance would have served it. What stays away for long is told to who asks.
   */
  private async openIntake(): Promise<void> {
    const limit = performance.now() + INTAKE_WAIT_LIMIT_MS;
    while (!(this.publisher.ready && this.guardrails.known) && performance.now() < limit)
      await setTimeoutPromise(INTAKE_LOOK_MS);
    if (this.readiness.shuttingDown) return;
    this.intake = this.bus.subscribe(ChatSubjects.generate, (message) => this.take(message.data), CHAT_QUEUE);
    this.timers.push(setInterval(() => this.beat(false), HEARTBEAT_INTERVAL_MS));
    this.beat(false);
  }

  /** SIGTERM: nothing new is taken, what runs may end within the drain limit, the rest is told why it ends. */
  async beforeApplicationShutdown(): Promise<void> {
    await this.closeIntake();
    this.admission.drain();
    if (this.held.size > 0) this.logger.log({ msg: 'draining streams', inFlight: this.held.size });
    await this.held.drained(this.config.DRAIN_TIMEOUT_MS);
    const late = 'The service is restarting and the answer took longer than its drain limit.';
    this.held.failAll(() => new CodedError('shutting_down', late));
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

  /** It waited and was not served; without an ending it was refused at the door. */
  private onUnserved(request: QueuedRequest, ending: RequestEnding | null, error: CodedError): void {
    this.held.remove(request.head);
    if (ending === null) {
      this.turns.refused(request.head);
      this.books.refused(request.head, error);
    } else {
      this.turns.over(request.head, ending);
      this.books.unserved(request.head, unservedFacts(request.head, this.directory.state), ending);
    }
    this.held.settled();
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
    const pending = new PendingRequest(head);
    this.held.add(pending);
    try {
      await this.turns.keep(head, body);
      this.held.remove(head);
      const { end } = pending;
      if (end === null) {
        this.admit(head, body);
        return;
      }
      this.turns.over(head, end.ending);
      this.refuse(head, end.error);
    } catch (error) {
      this.held.remove(head);
      this.turns.refused(head);
      this.refuse(head, error);
    } finally {
      this.held.settled();
    }
  }

  private admit(head: GenerateRequest, body: Uint8Array): void {
    if (this.held.size >= this.config.MAX_IN_FLIGHT) {
      throw new CodedError('too_many_in_flight', 'Too many requests are running. Try again in a moment.');
    }
    if (this.books.full)
      throw new CodedError('ledger_unavailable', 'Requests cannot be recorded at the moment, so none is taken.');
    this.placementOf(head).place(head);
    // To look for the answer to a native chat takes its history and the engine's tokenizer: only where it saves a wait.
    if (head.chat === undefined && this.cache.mayHave(head, body))
      return void this.answerOr(head, body, () => this.startOrQueue(head, body));
    this.startOrQueue(head, body);
  }

  /** An answer that is kept needs no turn. */
  private async answerOr(head: GenerateRequest, body: Uint8Array, otherwise: () => void): Promise<void> {
    const pending = new PendingRequest(head);
    this.held.add(pending);
    try {
      const kept = await this.dispatcher.kept(head, body);
      this.held.remove(head);
      const { end } = pending;
      if (end !== null) {
        this.turns.over(head, end.ending);
        this.refuse(head, end.error);
      } else if (kept !== null) this.dispatcher.startKept(head, body, kept);
      else otherwise();
    } catch (error) {
      this.held.remove(head);
      this.turns.refused(head);
      this.refuse(head, error);
    } finally {
      this.held.settled();
    }
  }

  private startOrQueue(head: GenerateRequest, body: Uint8Array): void {
    // One with a token limit has its tokens reserved first; where a prompt is put together here, after that.
    if (head.metered === true && !isPrepared(head)) return this.queue(head, body);
    const route = this.admission.enter(head, body);
    if (route === null) {
      if (head.chat === undefined || !this.cache.mayHave(head, body)) return this.queue(head, body);
      return void this.answerOr(head, body, () => this.queue(head, body));
    }
    try {
      this.dispatcher.start(head, body, route, AT_ONCE);
    } catch (error) {
      this.admission.leave(route.model.engine.id, head.actor.userId, head.choices, 0);
      throw error;
    }
  }

  private placementOf({ hint }: GenerateRequest): Pick<FallbackPlacement, 'place' | 'placeRefused'> {
    return hint === undefined ? this.fallbacks : this.hints;
  }

  private queue(head: GenerateRequest, body: Uint8Array): void {
    const queued = new QueuedRequest(head, body, this.admission, this.sender, this.reservations, {
      onTurn: (_, route, prologue) => this.dispatcher.start(head, body, route, prologue),
      placeElsewhere: (_, error) => this.placementOf(head).placeRefused(head, error),
      onUnserved: (request, ending, error) => this.onUnserved(request, ending, error),
    });
    // Before it enters: its turn or its refusal may come at once.
    this.held.add(queued);
    try {
      queued.enter();
      // A benchmark makes room for people at once.
      if (head.priority !== 'background' && this.admission.waiting === 1) this.beat(false);
    } catch (error) {
      this.held.remove(head);
      throw error;
    }
  }

  /** Refused at the door: counted in metrics, no row in the ledger. */
  private refuse(head: GenerateRequest, error: unknown): void {
    const coded = startFailure(error, head, this.logger);
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

  /** One that leaves has ended its streams itself. */
  private onGatewayGone(gatewayId: string, left: boolean): void {
    if (!left) {
      this.logger.warn({
        msg: 'a gateway fell silent; its requests were ended, and their places on the engine are free. See whether it still runs',
        gatewayId,
      });
      this.held.cancelAll('gateway_failed', ({ head }) => head.gatewayId === gatewayId);
    }
    this.sender.forget(gatewayId);
  }

  private sweep(): void {
    const at = performance.now();
    for (const generation of this.held) {
      generation.checkDeadlines(at);
      if (!(generation instanceof Generation)) continue;
      const counts = generation.checkpoint(at, this.config.CHECKPOINT_EVERY_MS);
      if (counts !== null) this.books.checkpoint(generation.facts, counts);
    }
  }

  private beat(leaving: boolean): void {
    const beat: Heartbeat = {
      instanceId: this.instanceId,
      inFlight: this.held.size,
      waiting: this.admission.waiting,
      people: this.held.people,
      timeouts: this.books.timeouts,
      backend: this.codeTurns.backend(),
      hints: this.hints.backend(),
      ...(leaving ? { leaving } : {}),
    };
    this.bus.publishJson(PresenceSubjects.chat, beat);
  }
}
