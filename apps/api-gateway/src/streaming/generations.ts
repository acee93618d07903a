import { Inject, Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Actor } from '#contracts/access';
import { CACHE_HEADER, type CacheWish } from '#contracts/cache';
import { CodedError } from '#contracts/errors';
import { resolveModel } from '#contracts/models';
import type { ChatTurn } from '#contracts/chat';
import type { CodeTurn } from '#contracts/code';
import type { HintTurn, PutHintSettings } from '#contracts/hints';
import type { Endpoint } from '#contracts/usage';
import { ModelsDirectory } from '#common/models-directory';
import { startSpan } from '#common/tracing';
import { GATEWAY_CONFIG, type GatewayConfig } from '../config';
import { GenerationLimits } from '../limits/generation-limits';
import type { Grant } from '../limits/grant';
import { ignoredFieldsHeader } from './ignored-fields';
import { modelNotFound, usableModel } from './model-access';
import { SseAnswer, type QueueTelling } from './sse-answer';
import { StreamHub, type StreamRequest } from './stream-hub';
import { TokenReservations } from './token-reservations';
import { WholeAnswer } from './whole-answer';

/** Clients of OpenAI's API know no events with names; the page shows the place in the queue from the first moment. */
const QUEUE_TELLING: Readonly<Record<Endpoint, QueueTelling>> = {
  '/v1/chat/completions': 'comments',
  '/v1/completions': 'comments',
  '/api/chat': 'named at once',
  '/api/v1/code/generate': 'named',
  '/api/v1/hints': 'named',
  'system/benchmark': 'comments',
};

/** A request that passed its checks (openai/generation-request.ts): what the engine may see, and what Tandem must know. */
export interface GenerationCall {
  model: string;
  streaming: boolean;
  includeUsage: boolean;
  continuousUsage: boolean;
  /** Choices that will be generated. */
  choices: number;
  /** Tokens of one choice at most; null when the client set no bound. */
  maxOutputTokens: number | null;
  choicesPerPrompt: number;
  /** The engine's request as JSON, without `model`, `stream` and `stream_options`. */
  body: Uint8Array;
  /** Of `/api/chat` alone. */
  chat?: ChatTurn;
  /** Of the code assistant alone. */
  code?: CodeTurn;
  /** Of hints alone. The model is chat-service's to choose, and has been checked for a key that is limited to some. */
  hint?: HintTurn;
  /** Settings that this hint tries; of admins alone. */
  hintTrial?: PutHintSettings;
  /** What the client is told of an error; absent: as it is. */
  inWords?: (error: CodedError) => CodedError;
  /** Fields that were left out, for `x-tandem-ignored-fields`. */
  ignored: string[];
}

/** Runs a generation for an HTTP request and writes its answer; the same for every route that generates. */
@Injectable()
export class Generations {
  constructor(
    private readonly hub: StreamHub,
    private readonly directory: ModelsDirectory,
    private readonly limits: GenerationLimits,
    private readonly reservations: TokenReservations,
    @Inject(GATEWAY_CONFIG) private readonly config: GatewayConfig,
  ) {}

  /** Resolves when the answer is written. @throws CodedError for what fails before its first byte. */
  async run(endpoint: Endpoint, call: GenerationCall, request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const model =
      call.hint === undefined ? this.usableModel(call.model, request.access?.allowedModels ?? null) : call.model;
    const { actor } = request;
    if (actor === null) throw new CodedError('invalid_api_key', 'Nobody is signed in.');
    const limits = request.access?.limits ?? null;
    const checked = model === call.model ? call : { ...call, model };
    if (limits === null) return this.answer(endpoint, checked, actor, request, reply, null);
    const grant = await this.limits.enter(limits, call, reply);
    try {
      if (grant.metered) this.reservations.expect(request.id, grant);
      await this.answer(endpoint, checked, actor, request, reply, grant);
    } finally {
      grant.end();
      this.reservations.over(request.id);
    }
  }

  private async answer(
    endpoint: Endpoint,
    call: GenerationCall,
    actor: Actor,
    request: FastifyRequest,
    reply: FastifyReply,
    grant: Grant | null,
  ): Promise<void> {
    // Gone while it was identified: `close` has been and will not come again, so nobody would stop the engine.
    if (reply.raw.destroyed) return;
    const span = startSpan('gateway.generate', headerOf(request, 'traceparent'), {
      attributes: { 'tandem.request_id': request.id },
    });
    const { body, ignored, maxOutputTokens: _, inWords, ...parameters } = call;
    const stream: StreamRequest = {
      requestId: request.id,
      actor,
      endpoint,
      ...parameters,
      ...(grant?.metered === true ? { metered: true } : {}),
      ...(request.access?.allowedModels == null ? {} : { modelFixed: true }),
      ...cacheWishOf(request),
      receivedAt: Date.now(),
      spentMs: reply.elapsedTime,
      ...(span === null ? {} : { traceparent: span.traceparent }),
    };
    if (ignored.length > 0) void reply.header('x-tandem-ignored-fields', ignoredFieldsHeader(ignored));
    try {
      if (call.streaming) await this.stream(stream, body, reply, inWords);
      else await this.whole(stream, body, reply, inWords);
    } finally {
      span?.span.end();
    }
  }

  private async stream(
    request: StreamRequest,
    body: Uint8Array,
    reply: FastifyReply,
    inWords: GenerationCall['inWords'],
  ): Promise<void> {
    const answer = new SseAnswer(reply, {
      maxBufferedBytes: this.config.SLOW_READER_BYTES,
      ...(inWords === undefined ? {} : { inWords }),
      queueTelling: QUEUE_TELLING[request.endpoint],
      onSlowReader: () => {
        this.hub.abandon(live, 'slow_reader');
        answer.onError(
          new CodedError('slow_reader', 'The client read more slowly than the answer was written, and was cut off.'),
        );
      },
    });
    const live = this.hub.open(request, body, answer);
    // `close` also comes after a complete answer; the hub has forgotten the stream by then.
    reply.raw.once('close', () => {
      this.hub.abandon(live, 'client_gone');
      answer.abandon();
    });
    await answer.over;
  }

  private async whole(
    request: StreamRequest,
    body: Uint8Array,
    reply: FastifyReply,
    inWords: GenerationCall['inWords'],
  ): Promise<void> {
    const answer = new WholeAnswer((headers) => void reply.headers(headers));
    const live = this.hub.open(request, body, answer);
    reply.raw.once('close', () => {
      this.hub.abandon(live, 'client_gone');
      answer.abandon();
    });
    const bytes = await answer.body.catch((error: unknown) => {
      throw error instanceof CodedError && inWords !== undefined ? inWords(error) : error;
    });
    if (reply.raw.destroyed) return;
    void reply.header('content-type', 'application/json; charset=utf-8').send(bytes);
  }

  /** The name to ask for. @throws CodedError `model_not_found` */
  private usableModel(model: string, allowed: readonly string[] | null): string {
    const { state } = this.directory;
    const unknown = state !== null && resolveModel(state, model).kind === 'unknown';
    const usable = unknown ? null : usableModel(state, model, allowed);
    if (usable === null) throw modelNotFound(model);
    return usable;
  }
}

/** Anything else than what is known says nothing. */
function cacheWishOf(request: FastifyRequest): { cache?: CacheWish } {
  const wish = request.headers[CACHE_HEADER];
  return wish === 'use' || wish === 'bypass' ? { cache: wish } : {};
}

function headerOf(request: FastifyRequest, name: string): string | undefined {
  const value = request.headers[name];
  return typeof value === 'string' ? value : undefined;
}
