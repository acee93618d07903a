import type { Logger } from 'nestjs-pino';
import { CACHE_HEADER, type CacheOutcome } from '#contracts/cache';
import { BACKEND_HEADER } from '#contracts/code';
import { CodedError } from '#contracts/errors';
import type { GenerateRequest } from '#contracts/generate';
import type { RequestEnding } from '#contracts/usage';
import { startSpan, type Traced } from '#common/tracing';
import type { Admission } from '../admission/admission';
import { replay } from '../cache/recording';
import type { ResponseCache } from '../cache/response-cache';
import type { CodeTurns } from '../code/code-turns';
import { engineRequest, type EnginePath } from '../engines/engine-request';
import type { ResponseHandler } from '../engines/http/engine-connection';
import type { EngineCall } from '../engines/http/engine-pool';
import type { Route } from '../engines/engine-router';
import { backendOf } from '../engines/fallback';
import type { HintPlacement } from '../hints/hint-placement';
import type { HintTurns } from '../hints/hint-turns';
import type { Guardrails } from '../guardrails/guardrails';
import { withRepeatedPromptIn } from '../guardrails/repeated-prompt';
import type { Bookkeeping } from './bookkeeping';
import type { ChatTurns } from './chat-turns';
import type { FrameSender } from './frame-sender';
import { Generation, type AnswerFrame, type GenerationLimits, type GenerationOwner, type Prologue } from './generation';
import type { HeldRequests } from './held-requests';
import { factsOf } from './request-facts';
import { isPrepared, type AskEngine, type PreparedTurn } from './prepared-turn';
import type { TokenReservations } from './token-reservations';

/** What went to an engine, and to which. */
interface Sent {
  readonly head: GenerateRequest;
  body: Uint8Array;
  path?: EnginePath | undefined;
  exchange?: PreparedTurn['exchange'];
  route: Route;
  /** It has a place on that engine. */
  readonly placed: boolean;
}

/** An answer that was given before, and by which engine. */
export interface KeptAnswer {
  readonly answer: Buffer;
  readonly route: Route;
  readonly frame: AnswerFrame;
}

/** What an engine would read of a request. */
type ReadTurn = Pick<PreparedTurn, 'path' | 'frame'> & { body: Uint8Array };

/** What a request meets on its way to an engine and back. */
export interface DispatcherParts {
  readonly held: HeldRequests;
  readonly sender: FrameSender;
  readonly books: Bookkeeping;
  readonly limits: GenerationLimits;
  readonly admission: Admission;
  readonly reservations: TokenReservations;
  readonly turns: ChatTurns;
  readonly codeTurns: CodeTurns;
  readonly hintTurns: HintTurns;
  readonly hints: HintPlacement;
  readonly guardrails: Guardrails;
  readonly cache: ResponseCache;
  readonly logger: Logger;
}

/** Of a request that need not wait. */
export const AT_ONCE: Prologue = { sequence: 0, queueMs: 0 };

/** Sends requests that have a place on an engine there: as they came, put together here first, or from the cache. */
export class Dispatcher {
  constructor(private readonly parts: DispatcherParts) {}

  /** A place on the engine is held for the request; `onOver` gives it back. */
  start(head: GenerateRequest, body: Uint8Array, route: Route, prologue: Prologue): void {
    const { generation, sent, request } = this.open(head, body, route, prologue, true);
    if (request === null) void this.startTurn(generation, sent, route);
    else if (this.parts.cache.on) void this.startCached(generation, sent, request, {});
    else {
      const send = (handler: ResponseHandler): EngineCall => route.pool.send(request, handler);
      if (head.servedBy === undefined) generation.start(send);
      else generation.begin({ headers: backendHeader(head, route) }, send);
    }
  }

  /** The answer to a request that need not wait for a place: one that is kept. Null: there is none. */
  async kept(head: GenerateRequest, body: Uint8Array): Promise<KeptAnswer | null> {
    for (const route of this.parts.admission.candidates(head)) {
      const turn = await this.readWithoutPlace(head, body, route);
      if (turn === null) return null;
      const answer = await this.parts.cache.kept(head, turn.body, turn.path ?? head.endpoint, route.model);
      if (answer !== null) return { answer, route, frame: turn.frame };
    }
    return null;
  }

  /** What that engine would read. Null: it cannot be said before its turn has come. */
  private async readWithoutPlace(head: GenerateRequest, body: Uint8Array, route: Route): Promise<ReadTurn | null> {
    if (!isPrepared(head)) return { body: this.readBy(head, body), frame: {} };
    try {
      const turn = await this.prepare(head, body, route);
      return { ...turn, body: this.withHistoryGuarded(head, turn) };
    } catch (error) {
      // Too long a prompt, for one: its turn will tell.
      if (error instanceof CodedError) return null;
      throw error;
    }
  }

  /** As an engine would give it, without one. */
  startKept(head: GenerateRequest, body: Uint8Array, { answer, route, frame }: KeptAnswer): void {
    const { generation } = this.open(head, body, route, AT_ONCE, false);
    const headers = { ...backendHeader(head, route), ...frame.headers, [CACHE_HEADER]: 'hit' };
    generation.begin({ ...frame, headers, cached: true }, (handler) => replay(answer, handler));
  }

  private open(
    head: GenerateRequest,
    body: Uint8Array,
    route: Route,
    prologue: Prologue,
    placed: boolean,
  ): { generation: Generation; sent: Sent; request: Buffer | null } {
    const span = startSpan('chat.generate', head.traceparent, { attributes: { 'tandem.request_id': head.requestId } });
    const traced = span === null ? head : { ...head, traceparent: span.traceparent };
    const { servedName } = route.model;
    const read = this.readBy(head, body);
    const request = isPrepared(head) || !placed ? null : engineRequest(traced, servedName, read, route.pool);
    const facts = factsOf(head, route);
    // What the engine reads, should it have to be counted: a turn's is put together later.
    const sent: Sent = { head: traced, body: read, route, placed };
    const owner = {
      onOver: (over: Generation, ending: RequestEnding) => this.onOver(over, ending, sent, span),
      onConnectionLost: () => this.onConnectionLost(sent.route.model.engine.id),
      another: () => this.another(sent),
    };
    const tap = head.chat === undefined ? null : this.parts.turns.tapOf(head);
    const guard = this.parts.guardrails.answer(head, () => generation.fail(blockedAnswer()));
    const plainTap = guard === null ? tap : null;
    const generation = new Generation(
      head,
      facts,
      body.length,
      this.parts.sender,
      this.parts.limits,
      owner,
      prologue,
      plainTap,
    );
    if (guard !== null) generation.guardBy(guard, tap);
    this.parts.held.add(generation);
    // Both waits overlap: the ledger's disk and the engine's first token.
    this.parts.books.started(facts, () => generation.onKept());
    return { generation, sent, request };
  }

  /** What an engine reads of a request that is not put together here. */
  private readBy(head: GenerateRequest, body: Uint8Array): Uint8Array {
    return this.parts.guardrails.repeatsSystemPrompt(head) && !isPrepared(head) ? withRepeatedPromptIn(body) : body;
  }

  /** Native chat, code and hints: what the engine is to read is put together now that it is known which one it is. */
  private async startTurn(generation: Generation, sent: Sent, route: Route): Promise<void> {
    const { head } = sent;
    try {
      const turn = await this.prepare(head, sent.body, route);
      sent.body = this.withHistoryGuarded(head, turn);
      sent.path = turn.path;
      sent.exchange = turn.exchange;
      const metered = head.metered === true && backendOf(route.model) !== 'local';
      const refusal = metered ? await this.parts.reservations.reserve(head, sent.body, route) : null;
      if (refusal !== null) throw refusal;
      if (turn.exchange !== undefined || !this.parts.cache.on)
        generation.begin(turn.frame, (handler) => this.send(sent, handler));
      else {
        const request = engineRequest(head, route.model.servedName, sent.body, route.pool, turn.path);
        await this.startCached(generation, sent, request, turn.frame);
      }
    } catch (error) {
      generation.fail(startFailure(error, head, this.parts.logger));
    }
  }

  /** What a kept conversation holds was written under the guardrails of then. */
  private withHistoryGuarded(head: GenerateRequest, { body }: PreparedTurn): Buffer {
    return head.chat?.kind === 'stored' ? this.parts.guardrails.history(head, body) : body;
  }

  private prepare(head: GenerateRequest, body: Uint8Array, route: Route): PreparedTurn | Promise<PreparedTurn> {
    if (head.code !== undefined) return this.parts.codeTurns.prepare(head, head.code, body, route);
    if (head.hint !== undefined) return this.parts.hintTurns.prepare(head, head.hint, body, route);
    return this.parts.turns.prepare(head, body, route, this.parts.guardrails.repeatsSystemPrompt(head));
  }

  /** To the engine that the request is on. */
  private send({ head, body, path, route, exchange }: Sent, handler: ResponseHandler): EngineCall {
    const ask: AskEngine = (asked, hears) =>
      route.pool.send(engineRequest(head, route.model.servedName, asked, route.pool, path), hears);
    return exchange === undefined ? ask(body, handler) : exchange(route, ask, handler);
  }

  /** An answer that was given before, or one that may be given again. */
  private async startCached(
    generation: Generation,
    { head, body, path, route }: Sent,
    request: Buffer,
    frame: AnswerFrame,
  ): Promise<void> {
    const headers = (outcome: CacheOutcome) => ({
      ...backendHeader(head, route),
      ...frame.headers,
      [CACHE_HEADER]: outcome,
    });
    const { requestId } = head;
    try {
      const place = await this.parts.cache.enter(head, body, path ?? head.endpoint, route);
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
      if (!begun) this.parts.cache.over(requestId, false);
    } catch (error) {
      generation.fail(startFailure(error, head, this.parts.logger));
    }
  }

  private onConnectionLost(engineId: string): void {
    this.parts.admission.pause(engineId);
    this.parts.hints.onConnectionLost(engineId);
  }

  /** The same request for another engine, where there is one with room. */
  private another(sent: Sent): ReturnType<GenerationOwner['another']> {
    const { head } = sent;
    const from = sent.route.model.engine.id;
    const { admission, hints } = this.parts;
    const route = admission.move(head, from) ?? (hints.placeElsewhere(head) ? admission.move(head, from) : null);
    if (route === null) return null;
    sent.route = route;
    const to = route.model.engine.id;
    this.parts.logger.warn({
      msg: 'an engine failed before it answered; trying another',
      request_id: head.requestId,
      from,
      to,
    });
    return { facts: factsOf(head, route), send: (handler) => this.send(sent, handler) };
  }

  /** The generation is over: the ledger, the metrics and the log hear of it. */
  private onOver(
    generation: Generation,
    ending: RequestEnding,
    { route, body, placed }: Sent,
    span: Traced | null,
  ): void {
    const { facts } = generation;
    const engineId = route.model.engine.id;
    this.parts.held.remove(generation.head);
    if (this.parts.cache.on) this.parts.cache.over(facts.requestId, ending.outcome === 'completed');
    if (placed)
      this.parts.admission.leave(
        engineId,
        facts.userId,
        generation.head.choices,
        performance.now() - generation.sentAt,
      );
    if (generation.head.chat !== undefined) this.parts.turns.over(generation.head, ending);
    this.parts.books.finished(generation, ending, route, body);
    span?.span.setAttributes({ 'tandem.outcome': ending.outcome, 'tandem.output_tokens': ending.outputTokens }).end();
    this.parts.held.settled();
  }
}

function backendHeader({ servedBy }: GenerateRequest, { model }: Route): Record<string, string> {
  return servedBy === undefined ? {} : { [BACKEND_HEADER]: backendOf(model) };
}

function blockedAnswer(): CodedError {
  return new CodedError('content_blocked', 'The answer held a text that is not allowed on this server, and was ended.');
}

/** What the client of a request that could not be started is told. */
export function startFailure(error: unknown, head: GenerateRequest, logger: Logger): CodedError {
  if (error instanceof CodedError) return error;
  logger.error({ msg: 'a request could not be started', err: error, request_id: head.requestId });
  return new CodedError('internal_error', 'The chat service failed at this request.', { cause: error });
}
